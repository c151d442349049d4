"""Random mutations on a few hot groups, as many clients send them who know only what they were answered."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.endurance import mutations as kinds
from tests.endurance.mutations import Answer, Kind, Mutation, mutation

_WEIGHTS: Mapping[Kind, int] = {
    kinds.ENROLL: 30,
    kinds.DISENROLL: 14,
    kinds.PROMOTE: 8,
    kinds.MOVE: 10,
    kinds.REMOVE: 8,
    kinds.UPDATE_GROUP: 8,
    kinds.CREATE_SESSION: 6,
    kinds.UPDATE_SESSION: 6,
    kinds.CANCEL_SESSION: 4,
    kinds.GENERATE: 2,
    kinds.CREATE_GROUP: 3,
    kinds.DELETE_GROUP: 1,
}


@dataclass
class Workload:
    """What clients know, and what they think of next.

    Attributes:
        random: Where choices come from.
        patients: Ids of the patients that they enroll.
        hot: The groups that they all work on.
        cold: Groups that they made since, to delete.
    """

    random: random.Random
    patients: list[str]
    hot: list[str] = field(default_factory=list)
    cold: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    enrollments: list[str] = field(default_factory=list)

    def next(self) -> Mutation:
        """Gives a new request, of a kind for which something is known."""
        while True:
            (kind,) = self.random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            made = _INPUTS[kind](self)
            if made is not None:
                return mutation(kind, **made)

    def learn(self, asked: Mutation, answer: Answer | None) -> None:
        """Remembers the ids of an answer."""
        if answer is None or answer.payload is None or not answer.accepted:
            return
        told = answer.payload[asked.kind.answers]
        for record in told if isinstance(told, list) else [told]:
            if asked.kind is kinds.CREATE_GROUP:
                self.cold.append(record["id"])
            elif asked.kind in {kinds.CREATE_SESSION, kinds.GENERATE}:
                self.sessions.append(record["id"])
            elif asked.kind is kinds.ENROLL:
                self.enrollments.append(record["id"])

    def _recent(self, ids: list[str]) -> str | None:
        return self.random.choice(ids[-40:]) if ids else None

    def _create_group(self) -> dict[str, Any]:
        return {**NEW_GROUP, "name": f"Group {uuid4().hex}", "maxCapacity": self.random.randint(1, 4)}

    def _update_group(self) -> dict[str, Any]:
        return {"id": self.random.choice(self.hot), "maxCapacity": self.random.randint(1, 8)}

    def _delete_group(self) -> dict[str, Any] | None:
        return {"id": self.cold.pop()} if self.cold else None

    def _create_session(self) -> dict[str, Any]:
        return {
            "groupDefinitionId": self.random.choice(self.hot),
            "sessionDate": f"2026-12-{self.random.randint(1, 28):02}",
            "startTime": f"{self.random.randint(8, 18):02}:00:00",
        }

    def _generate(self) -> dict[str, Any]:
        first = self.random.randint(1, 24)
        return {
            "groupDefinitionId": self.random.choice(self.hot),
            "from": f"2027-01-{first:02}",
            "through": f"2027-01-{first + 4:02}",
        }

    def _update_session(self) -> dict[str, Any] | None:
        session = self._recent(self.sessions)
        return {"id": session, "startTime": f"{self.random.randint(8, 18):02}:30:00"} if session else None

    def _cancel_session(self) -> dict[str, Any] | None:
        session = self._recent(self.sessions)
        return {"id": session, "reason": "snow"} if session else None

    def _enroll(self) -> dict[str, Any]:
        return {"groupDefinitionId": self.random.choice(self.hot), "patientId": self.random.choice(self.patients)}

    def _leave(self) -> dict[str, Any] | None:
        enrollment = self._recent(self.enrollments)
        return {"enrollmentId": enrollment} if enrollment else None

    def _promote(self) -> dict[str, Any] | None:
        enrollment = self._recent(self.enrollments)
        return {"enrollmentId": enrollment, "allowOverCapacity": self.random.random() < 0.3} if enrollment else None

    def _move(self) -> dict[str, Any] | None:
        enrollment = self._recent(self.enrollments)
        return {"enrollmentId": enrollment, "position": self.random.randint(1, 4)} if enrollment else None


NEW_GROUP: Mapping[str, Any] = {
    "name": "Hot",
    "groupType": "SUPPORT",
    "facilitatorId": "staff-1",
    "maxCapacity": 3,
    "durationMinutes": 60,
    "recurrence": {"rule": "FREQ=DAILY", "startDate": "2026-12-01", "startTime": "09:00:00"},
}

_INPUTS: Mapping[Kind, Callable[[Workload], dict[str, Any] | None]] = {
    kinds.CREATE_GROUP: Workload._create_group,
    kinds.UPDATE_GROUP: Workload._update_group,
    kinds.DELETE_GROUP: Workload._delete_group,
    kinds.CREATE_SESSION: Workload._create_session,
    kinds.GENERATE: Workload._generate,
    kinds.UPDATE_SESSION: Workload._update_session,
    kinds.CANCEL_SESSION: Workload._cancel_session,
    kinds.ENROLL: Workload._enroll,
    kinds.DISENROLL: Workload._leave,
    kinds.PROMOTE: Workload._promote,
    kinds.MOVE: Workload._move,
    kinds.REMOVE: Workload._leave,
}

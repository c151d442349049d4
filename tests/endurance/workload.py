"""Random mutations on a few groups, from clients that know only the ids in the responses."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.endurance import mutations
from tests.endurance.mutations import MutationResponse, MutationType, SentMutation, mutation

_WEIGHTS: Mapping[MutationType, int] = {
    mutations.ENROLL: 30,
    mutations.DISENROLL: 14,
    mutations.PROMOTE: 8,
    mutations.MOVE: 10,
    mutations.REMOVE: 8,
    mutations.ENROLL_MANY: 4,
    mutations.EDIT_STAY: 4,
    mutations.TRANSFER: 8,
    mutations.REINSTATE: 8,
    mutations.UPDATE_GROUP: 8,
    mutations.CREATE_SESSION: 6,
    mutations.UPDATE_SESSION: 6,
    mutations.CANCEL_SESSION: 4,
    mutations.REOPEN_SESSION: 3,
    mutations.GENERATE: 3,
    mutations.RECONCILE: 4,
    mutations.UPDATE_SESSIONS: 3,
    mutations.CANCEL_SESSIONS: 1,
    mutations.CREATE_GROUP: 3,
    mutations.DELETE_GROUP: 1,
    mutations.RESTORE_GROUP: 1,
    mutations.CREATE_CLOSURE: 3,
    mutations.UPDATE_CLOSURE: 3,
    mutations.DELETE_CLOSURE: 2,
}


# A month ahead: sessions that have begun are not reconciled, however late the test runs.
_FIRST_DAY = datetime.now(UTC).date() + timedelta(days=31)


def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


@dataclass
class ClientWorkload:
    """The known ids, and the choice of the next mutation.

    Attributes:
        random: The source of random choices.
        patients: The ids of the patients to enroll.
        hot: The groups that all clients change.
        cold: The groups that the clients have created or restored, to delete.
        deleted: The groups that they have deleted, to restore.
        cancelled: The sessions that they have cancelled, to reopen.
        ended: The enrollments that they have ended or removed, to reinstate.
    """

    random: random.Random
    patients: list[str]
    hot: list[str] = field(default_factory=list)
    cold: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    enrollments: list[str] = field(default_factory=list)
    closures: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def next(self) -> SentMutation:
        """Return a new request of a type whose ids are known."""
        while True:
            (type_,) = self.random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            input_ = _INPUTS[type_](self)
            if input_ is not None:
                return mutation(type_, **input_)

    def learn(self, request: SentMutation, response: MutationResponse | None) -> None:
        """Remember the ids in a response."""
        if response is None or response.payload is None or not response.accepted:
            return
        for record in request.type.records(response.payload):
            if request.type in {mutations.CREATE_GROUP, mutations.RESTORE_GROUP}:
                self.cold.append(record["id"])
            elif request.type is mutations.DELETE_GROUP:
                self.deleted.append(record["id"])
            elif request.type in {mutations.CREATE_SESSION, mutations.GENERATE, mutations.RECONCILE}:
                self.sessions += [record["id"]] * (record["version"] == 1)
            elif request.type in {mutations.CANCEL_SESSION, mutations.CANCEL_SESSIONS}:
                self.cancelled.append(record["id"])
            elif request.type is mutations.CREATE_CLOSURE:
                self.closures.append(record["id"])
            elif request.type in {mutations.ENROLL, mutations.ENROLL_MANY, mutations.TRANSFER}:
                self.enrollments.append(record["id"])
            elif request.type in {mutations.DISENROLL, mutations.REMOVE}:
                self.ended.append(record["id"])

    def _recent(self, ids: list[str]) -> str | None:
        return self.random.choice(ids[-40:]) if ids else None

    def _create_group(self) -> dict[str, Any]:
        return {**NEW_GROUP, "name": f"Group {uuid4().hex}", "maxCapacity": self.random.randint(1, 4)}

    def _update_group(self) -> dict[str, Any]:
        group = self.random.choice(self.hot)
        if self.random.random() < 0.3:  # its sessions then differ from its definition
            start = f"{self.random.randint(8, 18):02}:00:00"
            return {"id": group, "recurrence": {**NEW_GROUP["recurrence"], "startTime": start}}
        return {"id": group, "maxCapacity": self.random.randint(1, 8)}

    def _delete_group(self) -> dict[str, Any] | None:
        if not self.cold:
            return None
        return {"id": self.cold.pop(), "cancelSessions": True, "cancellationReason": "the group has ended"}

    def _restore_group(self) -> dict[str, Any] | None:
        return {"id": self.deleted.pop()} if self.deleted else None

    def _create_session(self) -> dict[str, Any]:
        return {
            "groupDefinitionId": self.random.choice(self.hot),
            "sessionDate": _day(-self.random.randint(1, 28)),
            "startTime": f"{self.random.randint(8, 18):02}:00:00",
        }

    def _generate(self) -> dict[str, Any]:
        first = self.random.randint(1, 24)
        return {
            "groupDefinitionId": self.random.choice(self.hot),
            "from": _day(first),
            "through": _day(first + 4),
        }

    def _update_session(self) -> dict[str, Any] | None:
        session = self._recent(self.sessions)
        return {"id": session, "startTime": f"{self.random.randint(8, 18):02}:30:00"} if session else None

    def _cancel_session(self) -> dict[str, Any] | None:
        session = self._recent(self.sessions)
        return {"id": session, "reason": "snow"} if session else None

    def _reopen_session(self) -> dict[str, Any] | None:
        return {"id": self.cancelled.pop()} if self.cancelled else None

    def _reconcile(self) -> dict[str, Any]:
        return {**self._generate(), "cancellationReason": "closed", "includeEdited": self.random.random() < 0.5}

    def _update_sessions(self) -> dict[str, Any] | None:
        if len(self.sessions) < 3:
            return None
        selection = self.random.choice([{"ids": self.random.sample(self.sessions[-40:], 3)}, self._two_days()])
        return {"selection": selection, "shiftDays": self.random.randint(-1, 1), "timeZone": "America/Denver"}

    def _cancel_sessions(self) -> dict[str, Any]:
        return {"selection": self._two_days(), "reason": "flood"}

    def _two_days(self) -> dict[str, Any]:
        day = self.random.randint(1, 28)
        return {"from": _day(day), "through": _day(day + 1), "facilitatorId": "staff-1"}

    def _create_closure(self) -> dict[str, Any]:
        day = _day(self.random.randint(1, 28))
        return {"name": "Holiday", "from": day, "through": day, "locationId": self.random.choice([None, "phoenix"])}

    def _update_closure(self) -> dict[str, Any] | None:
        closure = self._recent(self.closures)
        return {"id": closure, "through": _day(self.random.randint(1, 28))} if closure else None

    def _delete_closure(self) -> dict[str, Any] | None:
        closure = self._recent(self.closures)
        return {"id": closure} if closure else None

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

    def _enroll_many(self) -> dict[str, Any]:
        return {"groupDefinitionId": self.random.choice(self.hot), "patientIds": self.random.sample(self.patients, 2)}

    def _edit_stay(self) -> dict[str, Any] | None:
        enrollment = self._recent(self.enrollments)
        return {"enrollmentId": enrollment, "endDate": _day(self.random.randint(1, 28))} if enrollment else None

    def _transfer(self) -> dict[str, Any] | None:
        recent = self.enrollments[-20:]
        if not recent:
            return None
        ids = self.random.sample(recent, self.random.randint(1, min(2, len(recent))))
        return {"enrollmentIds": ids, "toGroupDefinitionId": self.random.choice(self.hot)}

    def _reinstate(self) -> dict[str, Any] | None:
        if not self.ended:
            return None
        return {"enrollmentId": self.ended.pop(), "allowOverCapacity": self.random.random() < 0.3}


NEW_GROUP: Mapping[str, Any] = {
    "name": "Hot",
    "groupType": "SUPPORT",
    "facilitatorId": "staff-1",
    "maxCapacity": 3,
    "durationMinutes": 60,
    "recurrence": {"rule": "FREQ=DAILY", "startDate": "2026-12-01", "startTime": "09:00:00"},
}

_INPUTS: Mapping[MutationType, Callable[[ClientWorkload], dict[str, Any] | None]] = {
    mutations.CREATE_GROUP: ClientWorkload._create_group,
    mutations.UPDATE_GROUP: ClientWorkload._update_group,
    mutations.DELETE_GROUP: ClientWorkload._delete_group,
    mutations.RESTORE_GROUP: ClientWorkload._restore_group,
    mutations.CREATE_SESSION: ClientWorkload._create_session,
    mutations.GENERATE: ClientWorkload._generate,
    mutations.UPDATE_SESSION: ClientWorkload._update_session,
    mutations.CANCEL_SESSION: ClientWorkload._cancel_session,
    mutations.REOPEN_SESSION: ClientWorkload._reopen_session,
    mutations.RECONCILE: ClientWorkload._reconcile,
    mutations.UPDATE_SESSIONS: ClientWorkload._update_sessions,
    mutations.CANCEL_SESSIONS: ClientWorkload._cancel_sessions,
    mutations.CREATE_CLOSURE: ClientWorkload._create_closure,
    mutations.UPDATE_CLOSURE: ClientWorkload._update_closure,
    mutations.DELETE_CLOSURE: ClientWorkload._delete_closure,
    mutations.ENROLL: ClientWorkload._enroll,
    mutations.DISENROLL: ClientWorkload._leave,
    mutations.PROMOTE: ClientWorkload._promote,
    mutations.MOVE: ClientWorkload._move,
    mutations.REMOVE: ClientWorkload._leave,
    mutations.ENROLL_MANY: ClientWorkload._enroll_many,
    mutations.EDIT_STAY: ClientWorkload._edit_stay,
    mutations.TRANSFER: ClientWorkload._transfer,
    mutations.REINSTATE: ClientWorkload._reinstate,
}

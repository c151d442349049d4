"""What the API promises, as a model that is simple enough to be seen to be right: dictionaries in the API's own words.

It shares no code with the domain. Instants are told as whether there is one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Payload: TypeAlias = dict[str, Any]

STAFF = ("staff-1", "staff-2")
PLACES = {"phoenix": "America/Phoenix", "denver": "America/Denver"}
DEFAULT_ZONE = "America/Phoenix"
ACTIVE_PATIENTS = tuple(f"patient-{n}" for n in range(1, 7))
INACTIVE_PATIENT = "inactive"


@dataclass
class Model:
    """One organization.

    Attributes:
        groups: By id; a deleted one has deletedAt True.
        sessions: By id.
        enrollments: By id; a removed one has deletedAt True.
        history: By the record's id: (action, actor) in their order.
        events: (event, the record's id) of each group.
    """

    groups: dict[str, Record] = field(default_factory=dict)
    sessions: dict[str, Record] = field(default_factory=dict)
    enrollments: dict[str, Record] = field(default_factory=dict)
    history: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))

    def tell(self, group: str, record: str, action: str, actor: str, event: str | None = None) -> None:
        """Notes an entry of a record's history, and the event that goes with it."""
        self.history[record].append((action, actor))
        if event is not None:
            self.events[group][event, record] += 1

    def seated(self, group: str) -> list[Record]:
        """Who has a seat."""
        return [each for each in self._of(group) if each["status"] == "ENROLLED"]

    def waiting(self, group: str) -> list[Record]:
        """Who waits, in turn."""
        waiting = [each for each in self._of(group) if each["status"] == "WAITLISTED"]
        return sorted(waiting, key=lambda each: int(each["waitlistPosition"]))

    def _of(self, group: str) -> Iterable[Record]:
        return [each for each in self.enrollments.values() if each["groupDefinition"] == {"id": group}]

    def view(self, group: str) -> Record:
        """A group as the query of it answers: its seats, sessions, enrollments, and everything's history."""
        record = self.groups[group]
        seated, waiting = len(self.seated(group)), len(self.waiting(group))
        most, least = record["maxCapacity"], record["minCapacity"]
        held = [each for each in self._of(group) if not each["deletedAt"]]
        sessions = [each for each in self.sessions.values() if each["groupDefinition"] == {"id": group}]
        return {
            **record,
            "capacity": {
                "enrolled": seated,
                "waitlisted": waiting,
                "max": most,
                "min": least,
                "available": max(0, most - seated),
                "status": "OPEN" if seated < most else "FULL" if seated == most else "OVER_CAPACITY",
                "belowMinimum": least is not None and seated < least,
            },
            "history": self._told(group),
            "enrollments": [
                {**each, "history": self._told(each["id"])} for each in sorted(held, key=_place_of_enrollment)
            ],
            "occurrences": [
                {**each, "history": self._told(each["id"])} for each in sorted(sessions, key=_place_of_session)
            ],
        }

    def _told(self, record: str) -> list[tuple[str, str]]:
        return self.history[record][::-1]


def refused(*faults: tuple[str, str], **nothing: Any) -> Payload:
    """The payload of a refusal: (code, field of the input) each; `nothing` is what else the payload has."""
    return {**nothing, "userErrors": sorted((code, ("input", *path.split("."))) for code, path in faults)}


def accepted(**told: Any) -> Payload:
    """The payload of a change that was made."""
    return {**told, "userErrors": []}


def _place_of_enrollment(enrollment: Record) -> tuple[int, str]:
    place: dict[str, int] = {"ENROLLED": 0, "DISENROLLED": 1_000_000, "WAITLISTED": enrollment["waitlistPosition"]}
    return place[enrollment["status"]], enrollment["id"]


def _place_of_session(session: Record) -> tuple[str, str, str]:
    return session["sessionDate"], session["startTime"], session["id"]

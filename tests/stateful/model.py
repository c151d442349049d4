"""A simple model of the API: dictionaries with the API's field names, and one function for each mutation.

It shares no code with the domain. An instant is only True or False: whether it is set.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Payload: TypeAlias = dict[str, Any]

STAFF = ("staff-1", "staff-2")
PLACES = {"phoenix": "America/Phoenix", "denver": "America/Denver"}
DEFAULT_ZONE = "America/Phoenix"
ZONES = {"America/Phoenix", "America/Denver", "Europe/Berlin"}
ACTIVE_PATIENTS = tuple(f"patient-{n}" for n in range(1, 7))
INACTIVE_PATIENT = "inactive"
ENDED = {"CANCELLED": "OCCURRENCE_CANCELLED", "COMPLETED": "OCCURRENCE_COMPLETED"}
"""Why a session of a status cannot be changed."""


@dataclass
class Model:
    """The records of one organization.

    Attributes:
        groups: The groups by id. A deleted group has deletedAt True.
        sessions: The sessions by id.
        closures: The closures by id. A deleted one is gone.
        enrollments: The enrollments by id. A removed enrollment has deletedAt True.
        inactive: The patients who are inactive in the registry.
        removed_later: The ids of the removed enrollments that had ended before.
        ends: The end dates, before and after, by the ids of the enrollments whose end changed it.
        began: When the model was made. All changes come later.
        history: The entries (action, actor) by the id of the record, in order.
        events: The events (name, id of the record) by group.
    """

    groups: dict[str, Record] = field(default_factory=dict)
    sessions: dict[str, Record] = field(default_factory=dict)
    closures: dict[str, Record] = field(default_factory=dict)
    enrollments: dict[str, Record] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=lambda: {INACTIVE_PATIENT})
    removed_later: set[str] = field(default_factory=set)
    ends: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    history: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))

    def record(self, group: str, record_id: str, action: str, actor: str, event: str | None = None) -> None:
        """Add an entry to a record's history, and the event that belongs to it."""
        self.history[record_id].append((action, actor))
        if event is not None:
            self.events[group][event, record_id] += 1

    def seated(self, group: str) -> list[Record]:
        """Return the enrolled patients' enrollments."""
        return [item for item in self._of(group) if item["status"] == "ENROLLED"]

    def waiting(self, group: str) -> list[Record]:
        """Return the waiting patients' enrollments in the order of the waitlist."""
        waiting = [item for item in self._of(group) if item["status"] == "WAITLISTED"]
        return sorted(waiting, key=lambda enrollment: int(enrollment["waitlistPosition"]))

    def _of(self, group: str) -> Iterable[Record]:
        return [item for item in self.enrollments.values() if item["groupDefinition"] == {"id": group}]

    def view(self, group: str) -> Record:
        """Return a group as a query returns it: with capacity, sessions, enrollments, and the history of each."""
        record = self.groups[group]
        seated, waiting = len(self.seated(group)), len(self.waiting(group))
        most, least = record["maxCapacity"], record["minCapacity"]
        visible = [item for item in self._of(group) if not item["deletedAt"]]
        sessions = [item for item in self.sessions.values() if item["groupDefinition"] == {"id": group}]
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
            "history": self._history(group),
            "enrollments": [
                {**item, "history": self._history(item["id"])} for item in sorted(visible, key=_order_of_enrollment)
            ],
            "occurrences": [
                {**item, "history": self._history(item["id"])} for item in sorted(sessions, key=_order_of_session)
            ],
        }

    def closure_list(self) -> list[Record]:
        """Return the closures as a query lists them, with the history of each."""
        closures = sorted(self.closures.values(), key=lambda closure: (closure["from"], closure["id"]))
        return [{**closure, "history": self._history(closure["id"])} for closure in closures]

    def _history(self, record: str) -> list[tuple[str, str]]:
        return self.history[record][::-1]


def refused(*faults: tuple[str, str], **nothing: Any) -> Payload:
    """Return the payload of a refusal, with the faults (code, field). `nothing` are the other fields of the payload."""
    return {**nothing, "userErrors": sorted((code, ("input", *path.split("."))) for code, path in faults)}


def accepted(**fields: Any) -> Payload:
    """Return the payload of an accepted change."""
    return {**fields, "userErrors": []}


def _order_of_enrollment(enrollment: Record) -> tuple[int, str]:
    place: dict[str, int] = {"ENROLLED": 0, "DISENROLLED": 1_000_000, "WAITLISTED": enrollment["waitlistPosition"]}
    return place[enrollment["status"]], enrollment["id"]


def _order_of_session(session: Record) -> tuple[str, str, str]:
    return session["sessionDate"], session["startTime"], session["id"]

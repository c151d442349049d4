"""The rows of a fictional clinic of any size. They satisfy all rules of rosters, schedules and references.

History and events are left out, because no workload reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.search_text import search_text

Row = tuple[Any, ...]

FIRST_DAY = date(2024, 1, 1)
"""A Monday. The first session of every group is in its week."""

CREATED_AT = datetime(2023, 12, 1, 16, tzinfo=UTC)
"""The creation time of all rows."""

STAFF = 40
LOCATIONS = 8

_ZONE = "America/Phoenix"
_PHOENIX = timedelta(hours=7)  # behind UTC, all year
_TYPES = ("THERAPY", "PSYCHOEDUCATION", "SKILLS_TRAINING", "SUPPORT", "IOP", "PHP", "OTHER")
_FIRST = ("Adela", "Bennett", "Camila", "Darius", "Elena", "Felix", "Greta", "Hugo", "Imani", "Jonas", "Kaya", "Linus")
_STARTS = ("Amber", "Bram", "Cinder", "Dove", "Elder", "Fern", "Hazel", "Juniper", "Lark", "Marble", "Quill", "Sorrel")
_ENDS = ("bourne", "brook", "combe", "croft", "dale", "fell", "grove", "haven", "mere", "shaw", "thorpe", "well")


@dataclass(frozen=True, slots=True)
class DataSetSize:
    """The size of a clinic.

    Attributes:
        groups: The number of groups.
        sessions: The number of sessions of each group, three a week.
        enrolled: The number of enrolled patients of each group.
        disenrolled: The number of disenrolled patients of each group.
        patients: The number of patients of the clinic.
        seats: The maximum capacity of each group.
    """

    groups: int
    sessions: int
    enrolled: int
    disenrolled: int
    patients: int
    seats: int = 24

    def divided_by(self, factor: int) -> "DataSetSize":
        """Return the size with fewer groups and patients."""
        return replace(self, groups=self.groups // factor, patients=self.patients // factor)


REPORT = DataSetSize(groups=200, sessions=20, enrolled=20, disenrolled=0, patients=4_000)
GROWN = DataSetSize(groups=2_000, sessions=750, enrolled=20, disenrolled=80, patients=40_000)
ENROLLING = DataSetSize(groups=500, sessions=0, enrolled=10, disenrolled=0, patients=6_000, seats=100)


class DataSet:
    """The rows of one organization by table. Their columns are those of COLUMNS."""

    def __init__(self, organization: str, size: DataSetSize) -> None:
        self.organization = organization
        self.size = size
        self.groups: list[UUID] = [uuid7() for _ in range(size.groups)]

    def staff_members(self) -> Iterator[Row]:
        for number in range(STAFF):
            name = person(number + 7)
            yield self.organization, f"staff-{number}", name, "LCSW", True, search_text(name)

    def locations(self) -> Iterator[Row]:
        for number in range(LOCATIONS):
            site, room = f"Site {number // 4 + 1}", f"Room {number % 4 + 1}"
            yield self.organization, f"room-{number}", site, room, _ZONE, search_text(site, room)

    def patients(self) -> Iterator[Row]:
        for number in range(self.size.patients):
            name, record = person(number), f"MR-{number:07}"
            born = date(1950, 1, 1) + timedelta(days=number % 20_000)
            yield self.organization, f"patient-{number}", name, record, born, True, search_text(name, record)

    def group_definitions(self) -> Iterator[Row]:
        for number, group in enumerate(self.groups):
            name = f"Group {number + 1:04}"
            yield (
                group, self.organization, name, _TYPES[number % len(_TYPES)], _leader(number), None, _room(number),
                _ZONE, self.size.seats, 4, 60, 1, CREATED_AT, CREATED_AT, search_text(name),
            )  # fmt: skip

    def sessions(self) -> Iterator[Row]:
        """Yield the sessions ordered by day, as they would be created."""
        scheduled, cancelled = ("SCHEDULED", None, None), ("CANCELLED", "The room was closed", CREATED_AT)
        for index in range(self.size.sessions):
            day = FIRST_DAY + timedelta(weeks=index // 3, days=(0, 2, 4)[index % 3])
            for number, group in enumerate(self.groups):
                start = time(8 + number % 10)
                end = time(start.hour + 1)
                starts_at = datetime.combine(day, start, UTC) + _PHOENIX
                status = cancelled if index % 25 == 24 else scheduled
                yield (
                    uuid7(), self.organization, group, day, start, end, _ZONE, starts_at,
                    starts_at + timedelta(hours=1), _leader(number), None, _room(number), *status, 1, CREATED_AT,
                    CREATED_AT,
                )  # fmt: skip

    def enrollments(self) -> Iterator[Row]:
        per_group = self.size.enrolled + self.size.disenrolled
        for number, group in enumerate(self.groups):
            for place in range(per_group):
                patient = f"patient-{(number * per_group + place) % self.size.patients}"
                has_left = place >= self.size.enrolled
                yield (
                    uuid7(), self.organization, group, patient, "DISENROLLED" if has_left else "ENROLLED", CREATED_AT,
                    CREATED_AT if has_left else None, 1, CREATED_AT, CREATED_AT,
                )  # fmt: skip


COLUMNS = {
    "pm_group_staff_members": ("organization_id", "id", "display_name", "credentials", "active", "search_text"),
    "pm_group_locations": ("organization_id", "id", "site", "room", "time_zone", "search_text"),
    "pm_group_patients": (
        "organization_id", "id", "display_name", "medical_record_number", "birth_date", "active", "search_text",
    ),
    "pm_group_definitions": (
        "id", "organization_id", "name", "group_type", "facilitator_id", "co_facilitator_id", "location_id",
        "time_zone", "max_capacity", "min_capacity", "duration_minutes", "version", "created_at", "updated_at",
        "search_text",
    ),
    "pm_group_schedule": (
        "id", "organization_id", "group_definition_id", "session_date", "start_time", "end_time", "time_zone",
        "starts_at", "ends_at", "facilitator_id", "co_facilitator_id", "location_id", "status", "cancellation_reason",
        "cancelled_at", "version", "created_at", "updated_at",
    ),
    "pm_group_enrollments": (
        "id", "organization_id", "group_definition_id", "patient_id", "status", "enrolled_at", "disenrolled_at",
        "version", "created_at", "updated_at",
    ),
}  # fmt: skip
"""The columns of the rows, by table."""


def person(number: int) -> str:
    """Return a fictional name. After 1,728 names they repeat with a number."""
    first_name, rest = number % len(_FIRST), number // len(_FIRST)
    start, rest = rest % len(_STARTS), rest // len(_STARTS)
    end, repetition = rest % len(_ENDS), rest // len(_ENDS)
    return f"{_FIRST[first_name]} {_STARTS[start]}{_ENDS[end]}" + (f" {repetition + 1}" if repetition else "")


def _leader(number: int) -> str:
    return f"staff-{number % STAFF}"


def _room(number: int) -> str:
    return f"room-{number % LOCATIONS}"

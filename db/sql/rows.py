"""Layouts of the records of each table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Any, Final, TypeVar

from sqlalchemy import Column, Table

from db.sql.layouts import Layout
from db.tables import (
    calendar_feeds,
    closures,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    patients,
    staff_members,
)
from domain.records import (
    CalendarFeed,
    Closure,
    Enrollment,
    EnrollmentStatus,
    GroupDefinition,
    GroupType,
    Location,
    Occurrence,
    OccurrenceStatus,
    Patient,
    Program,
    StaffMember,
)
from domain.recurrence import Recurrence

Record = TypeVar("Record")
Codes = Mapping[str, Mapping[Any, Any]]


def _codes(enum: type[StrEnum]) -> Mapping[Any, Any]:
    # A look-up takes a fifth of the time that a call of the enum takes.
    return {member.value: member for member in enum}


def _names(record_class: type) -> list[str]:
    return [field.name for field in fields(record_class)]


def _columns(table: Table, names: Sequence[str]) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


def _maker(
    record_class: Callable[..., Record], names: Sequence[str], codes: Codes
) -> Callable[[Sequence[Any]], Record]:
    """Return a function that creates a record from a row. The first columns are the record's fields, in their order."""
    width = len(names)
    enum_columns = [(names.index(name), members) for name, members in codes.items()]
    if not enum_columns:
        return lambda row: record_class(*row[:width])

    def make_record(row: Sequence[Any]) -> Record:
        values = list(row[:width])
        for index, members in enum_columns:
            values[index] = members[values[index]]
        return record_class(*values)

    return make_record


def _layout(record_class: type[Record], table: Table, codes: Codes | None = None) -> Layout[Record]:
    """Return the layout of a table that has a column for each field of the record, with the same name."""
    names, codes = _names(record_class), codes or {}
    return Layout(record_class, _columns(table, names), _maker(record_class, names, codes), codes)


STAFF: Final = _layout(StaffMember, staff_members)
LOCATIONS: Final = _layout(Location, locations)
PATIENTS: Final = _layout(Patient, patients)
OCCURRENCES: Final = _layout(Occurrence, occurrences, {"status": _codes(OccurrenceStatus)})
ENROLLMENTS: Final = _layout(Enrollment, enrollments, {"status": _codes(EnrollmentStatus)})
CLOSURES: Final = _layout(Closure, closures)
CALENDAR_FEEDS: Final = _layout(CalendarFeed, calendar_feeds)

PROGRAM_LISTS: Final[Mapping[str, tuple[Program, ...]]] = {
    ",".join(programs): programs for size in range(len(Program) + 1) for programs in combinations(Program, size)
}
"""All lists of programs, by the text that a database stores: their names in order, separated by commas."""
_GROUP_CODES: Final = {"group_type": _codes(GroupType), "counts_toward": PROGRAM_LISTS}
_RECURRENCE: Final = ("rule", "start_date", "start_time", "excluded_dates")
_GROUP_NAMES: Final = [name for name in _names(GroupDefinition) if name != "recurrence"]
GROUP_COLUMNS: Final = (
    *_columns(group_definitions, _GROUP_NAMES),
    *_columns(group_definitions, [f"recurrence_{name}" for name in _RECURRENCE]),
)


def group_record(row: Sequence[Any]) -> GroupDefinition:
    """Return the group definition of a row of GROUP_COLUMNS."""
    width = len(_GROUP_NAMES)
    values = dict(zip(_GROUP_NAMES, row[:width], strict=True))
    for name, members in _GROUP_CODES.items():
        values[name] = members[values[name]]
    rule, start_date, start_time, excluded_dates = row[width : width + len(_RECURRENCE)]
    recurrence = None
    if rule is not None:
        recurrence = Recurrence(rule, start_date, start_time, tuple(map(date.fromisoformat, excluded_dates)))
    return GroupDefinition(**values, recurrence=recurrence)


GROUPS: Final = Layout(GroupDefinition, GROUP_COLUMNS, group_record, _GROUP_CODES)

LOCATION_COLUMNS: Final = LOCATIONS.selected
OCCURRENCE_COLUMNS: Final = _columns(occurrences, _names(Occurrence))
ENROLLMENT_COLUMNS: Final = _columns(enrollments, _names(Enrollment))
CLOSURE_COLUMNS: Final = _columns(closures, _names(Closure))
location_record: Final = LOCATIONS.make_record
occurrence_record: Final = OCCURRENCES.make_record
enrollment_record: Final = ENROLLMENTS.make_record
closure_record: Final = CLOSURES.make_record

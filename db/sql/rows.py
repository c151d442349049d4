"""Rows into records. A row is any sequence of the values of the columns named beside it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Column, Table

from db.sql.layouts import Layout
from db.tables import enrollments, group_definitions, locations, occurrences, patients, staff_members
from domain.records import (
    Enrollment,
    EnrollmentStatus,
    GroupDefinition,
    GroupType,
    Location,
    Occurrence,
    OccurrenceStatus,
    Patient,
    StaffMember,
)
from domain.recurrence import Recurrence

# Looking a member up costs a fifth of calling the enumeration.
_GROUP_TYPES = {member.value: member for member in GroupType}
_OCCURRENCE_STATUSES = {member.value: member for member in OccurrenceStatus}
_ENROLLMENT_STATUSES = {member.value: member for member in EnrollmentStatus}


def _columns(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)


STAFF_COLUMNS = _columns(staff_members, "id", "display_name", "credentials", "active")
LOCATION_COLUMNS = _columns(locations, "id", "site", "room", "time_zone", "active")
PATIENT_COLUMNS = _columns(patients, "id", "display_name", "medical_record_number", "birth_date", "active")
GROUP_COLUMNS = _columns(
    group_definitions,
    "id",
    "name",
    "group_type",
    "facilitator_id",
    "co_facilitator_id",
    "location_id",
    "time_zone",
    "max_capacity",
    "min_capacity",
    "duration_minutes",
    "recurrence_rule",
    "recurrence_start_date",
    "recurrence_start_time",
    "recurrence_excluded_dates",
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
)
# Sessions and enrollments: a record's fields are the columns of the same names.
OCCURRENCE_COLUMNS = _columns(occurrences, *(field.name for field in fields(Occurrence)))
ENROLLMENT_COLUMNS = _columns(enrollments, *(field.name for field in fields(Enrollment)))


def staff_record(row: Sequence[Any]) -> StaffMember:
    """Return a member of staff of a row of STAFF_COLUMNS."""
    return StaffMember(row[0], row[1], row[2], row[3])


def location_record(row: Sequence[Any]) -> Location:
    """Return a location of a row of LOCATION_COLUMNS."""
    return Location(row[0], row[1], row[2], row[3], row[4])


def patient_record(row: Sequence[Any]) -> Patient:
    """Return a patient of a row of PATIENT_COLUMNS."""
    return Patient(row[0], row[1], row[2], row[3], row[4])


def group_record(row: Sequence[Any]) -> GroupDefinition:
    """Return a group definition of a row of GROUP_COLUMNS."""
    recurrence = None
    if row[10] is not None:
        recurrence = Recurrence(row[10], row[11], row[12], tuple(map(date.fromisoformat, row[13])))
    return GroupDefinition(
        row[0],
        row[1],
        _GROUP_TYPES[row[2]],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        recurrence,
        row[14],
        row[15],
        row[16],
        row[17],
    )


def occurrence_record(row: Sequence[Any]) -> Occurrence:
    """Return a session of a row of OCCURRENCE_COLUMNS."""
    return Occurrence(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        _OCCURRENCE_STATUSES[row[11]],
        row[12],
        row[13],
        row[14],
        row[15],
        row[16],
    )


def enrollment_record(row: Sequence[Any]) -> Enrollment:
    """Return an enrollment of a row of ENROLLMENT_COLUMNS."""
    return Enrollment(
        row[0],
        row[1],
        row[2],
        _ENROLLMENT_STATUSES[row[3]],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
    )


STAFF = Layout(StaffMember, STAFF_COLUMNS, staff_record)
LOCATIONS = Layout(Location, LOCATION_COLUMNS, location_record)
PATIENTS = Layout(Patient, PATIENT_COLUMNS, patient_record)
GROUPS = Layout(GroupDefinition, GROUP_COLUMNS, group_record, {"group_type": _GROUP_TYPES})
OCCURRENCES = Layout(Occurrence, OCCURRENCE_COLUMNS, occurrence_record, {"status": _OCCURRENCE_STATUSES})
ENROLLMENTS = Layout(Enrollment, ENROLLMENT_COLUMNS, enrollment_record, {"status": _ENROLLMENT_STATUSES})

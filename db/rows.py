"""Rows into records."""

from datetime import date
from typing import Any

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


def staff_record(row: Any) -> StaffMember:
    """Gives a member of staff of a row of its table."""
    return StaffMember(row.id, row.display_name, row.credentials, row.active)


def location_record(row: Any) -> Location:
    """Gives a location of a row of its table."""
    return Location(row.id, row.site, row.room, row.time_zone)


def patient_record(row: Any) -> Patient:
    """Gives a patient of a row of its table."""
    return Patient(row.id, row.display_name, row.medical_record_number, row.birth_date, row.active)


def group_record(row: Any) -> GroupDefinition:
    """Gives a group definition of a row of its table."""
    return GroupDefinition(
        row.id,
        row.name,
        _GROUP_TYPES[row.group_type],
        row.facilitator_id,
        row.co_facilitator_id,
        row.location_id,
        row.time_zone,
        row.max_capacity,
        row.min_capacity,
        row.duration_minutes,
        _recurrence(row),
        row.version,
        row.created_at,
        row.updated_at,
        row.deleted_at,
    )


def occurrence_record(row: Any) -> Occurrence:
    """Gives a session of a row of its table."""
    return Occurrence(
        row.id,
        row.group_definition_id,
        row.session_date,
        row.start_time,
        row.end_time,
        row.time_zone,
        row.starts_at,
        row.ends_at,
        row.facilitator_id,
        row.co_facilitator_id,
        row.location_id,
        _OCCURRENCE_STATUSES[row.status],
        row.cancellation_reason,
        row.cancelled_at,
        row.version,
        row.created_at,
        row.updated_at,
    )


def enrollment_record(row: Any) -> Enrollment:
    """Gives an enrollment of a row of its table."""
    return Enrollment(
        row.id,
        row.group_definition_id,
        row.patient_id,
        _ENROLLMENT_STATUSES[row.status],
        row.waitlist_position,
        row.waitlisted_at,
        row.enrolled_at,
        row.promoted_at,
        row.disenrolled_at,
        row.disenrollment_reason,
        row.version,
        row.created_at,
        row.updated_at,
        row.deleted_at,
    )


def _recurrence(row: Any) -> Recurrence | None:
    if row.recurrence_rule is None:
        return None
    return Recurrence(
        rule=row.recurrence_rule,
        start_date=row.recurrence_start_date,
        start_time=row.recurrence_start_time,
        excluded_dates=tuple(date.fromisoformat(day) for day in row.recurrence_excluded_dates),
    )

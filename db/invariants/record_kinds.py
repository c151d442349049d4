"""The kinds of records that have a history: their actions and the events of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, Table

from db.sql.rows import (
    CLOSURE_COLUMNS,
    ENROLLMENT_COLUMNS,
    GROUP_COLUMNS,
    OCCURRENCE_COLUMNS,
    closure_record,
    enrollment_record,
    group_record,
    occurrence_record,
)
from db.tables import closures, enrollments, group_definitions, occurrences
from domain.changes import EntityType


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record. Actions and events are spelled out, so that the check does not depend on the code it checks.

    Attributes:
        table: The table.
        columns: The columns that `record` needs.
        record: Converts a row to the domain's record.
        name: The name of the kind in violations.
        creation_actions: The actions of history entries that create a record.
        events: The event that each action records.
        event_key: The field of the event's payload with the record's id.
    """

    table: Table
    columns: tuple[Column[Any], ...]
    record: Callable[[Any], Any]
    name: str
    creation_actions: frozenset[str]
    events: Mapping[str, str]
    event_key: str


RECORD_KINDS: Final = MappingProxyType(
    {
        EntityType.GROUP_DEFINITION: RecordKind(
            group_definitions,
            GROUP_COLUMNS,
            group_record,
            "group",
            creation_actions=frozenset({"created"}),
            events={},
            event_key="",
        ),
        EntityType.OCCURRENCE: RecordKind(
            occurrences,
            OCCURRENCE_COLUMNS,
            occurrence_record,
            "session",
            creation_actions=frozenset({"scheduled"}),
            events={
                "scheduled": "pm_group_session_scheduled",
                "rescheduled": "pm_group_session_rescheduled",
                "updated": "pm_group_session_updated",
                "cancelled": "pm_group_session_cancelled",
                "reopened": "pm_group_session_reopened",
            },
            event_key="schedule_id",
        ),
        EntityType.ENROLLMENT: RecordKind(
            enrollments,
            ENROLLMENT_COLUMNS,
            enrollment_record,
            "enrollment",
            creation_actions=frozenset({"enrolled", "waitlisted"}),
            events={
                "enrolled": "pm_group_patient_enrolled",
                "waitlisted": "pm_group_patient_waitlisted",
                "promoted": "pm_group_patient_promoted",
                "promoted_over_capacity": "pm_group_patient_promoted",
                "disenrolled": "pm_group_patient_disenrolled",
                "removed": "pm_group_patient_disenrolled",
                "updated": "pm_group_enrollment_updated",
                "transferred": "pm_group_patient_disenrolled",
                "reinstated": "pm_group_patient_enrolled",
                "reinstated_over_capacity": "pm_group_patient_enrolled",
                "reinstated_to_waitlist": "pm_group_patient_waitlisted",
            },
            event_key="enrollment_id",
        ),
        EntityType.CLOSURE: RecordKind(
            closures,
            CLOSURE_COLUMNS,
            closure_record,
            "closure",
            creation_actions=frozenset({"created"}),
            events={},
            event_key="",
        ),
    }
)

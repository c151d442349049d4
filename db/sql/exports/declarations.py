"""The exports that are read from tables."""

from typing import Final

from sqlalchemy import Table, and_, or_
from sqlalchemy.sql.expression import FromClause

from db.sql.attendance import ATTENDS
from db.sql.exports.columns import Area, ExportColumn, Kind, TableExport
from db.sql.exports.expressions import changed_since, date_parameter, json_words, latest, utc_day, words
from db.sql.exports.references import group_name, location_names, patient_names, staff_names
from db.sql.statement import constant
from db.tables import enrollments, group_definitions, occurrences
from domain.records import EnrollmentStatus

_groups, _sessions, _seats = group_definitions.c, occurrences.c, enrollments.c
_FROM: Final = date_parameter("from_date")
_THROUGH: Final = date_parameter("through_date")
_VERSION: Final = (
    ("version", Kind.INTEGER, "Counts the changes of the record, from 1."),
    ("created_at", Kind.INSTANT, "When the record was created."),
    ("updated_at", Kind.INSTANT, "When the record last changed."),
)
_DELETED: Final = "When the record was {}. Empty for one that stands. Rows of such records remain in the export."


def _columns(table: Table, *columns: tuple[str, Kind, str]) -> tuple[ExportColumn, ...]:
    return tuple(ExportColumn(name, kind, description, table.c[name]) for name, kind, description in columns)


GROUPS: Final = TableExport(
    "groups",
    "a group",
    frozenset({Area.GROUPS}),
    (
        *_columns(
            group_definitions,
            ("id", Kind.ID, "The group."),
            ("facilitator_id", Kind.TEXT, "The facilitator, by the registry's id."),
            ("co_facilitator_id", Kind.TEXT, "The co-facilitator, by the registry's id."),
            ("location_id", Kind.TEXT, "The location, by the registry's id."),
            ("name", Kind.TEXT, "The group's name."),
            ("group_type", Kind.CODE, "The type, such as `IOP`."),
            ("time_zone", Kind.CODE, "The IANA time zone of the group's dates and times."),
            ("max_capacity", Kind.INTEGER, "The number of seats."),
            ("min_capacity", Kind.INTEGER, "The number of patients from which the group is viable."),
            ("duration_minutes", Kind.INTEGER, "The length of a session."),
            ("recurrence_rule", Kind.CODE, "The recurrence, as in RFC 5545. Empty for a group without one."),
            ("recurrence_start_date", Kind.DATE, "The first day of the recurrence."),
            ("recurrence_start_time", Kind.TIME, "The local time at which its sessions start."),
        ),
        ExportColumn(
            "recurrence_excluded_dates",
            Kind.CODE,
            "The days that the recurrence leaves out, separated by spaces.",
            json_words(_groups.recurrence_excluded_dates),
        ),
        ExportColumn(
            "counts_toward",
            Kind.CODE,
            "The programs toward which its sessions count besides its own type, separated by spaces.",
            words(_groups.counts_toward),
        ),
        *_columns(
            group_definitions,
            ("compliance_rule_set_id", Kind.TEXT, "The rule set. Empty for the default of its type."),
            *_VERSION,
            ("deleted_at", Kind.INSTANT, _DELETED.format("deleted")),
        ),
        *staff_names(group_definitions),
        *location_names(group_definitions),
    ),
    source=group_definitions,
    organization=_groups.organization_id,
    sort_key=(_groups.updated_at, _groups.id),
    since=changed_since(_groups.updated_at),
    view="groups",
)

OCCURRENCES: Final = TableExport(
    "occurrences",
    "a session",
    frozenset({Area.SCHEDULE}),
    (
        *_columns(
            occurrences,
            ("id", Kind.ID, "The session."),
            ("group_definition_id", Kind.ID, "The group."),
            ("facilitator_id", Kind.TEXT, "The facilitator, by the registry's id."),
            ("co_facilitator_id", Kind.TEXT, "The co-facilitator, by the registry's id."),
            ("location_id", Kind.TEXT, "The location, by the registry's id."),
            ("session_date", Kind.DATE, "The local date."),
            ("start_time", Kind.TIME, "The local time at which it starts."),
            ("end_time", Kind.TIME, "The local time at which it ends."),
            ("time_zone", Kind.CODE, "The IANA time zone of the date and the times."),
            ("starts_at", Kind.INSTANT, "When it starts."),
            ("ends_at", Kind.INSTANT, "When it ends."),
            ("status", Kind.CODE, "`SCHEDULED`, `COMPLETED` or `CANCELLED`."),
            ("cancellation_reason", Kind.TEXT, "Why it was cancelled."),
            ("cancelled_at", Kind.INSTANT, "When it was cancelled."),
            ("recurrence_date", Kind.DATE, "The day of the recurrence that it fills. Empty if it was added by hand."),
            ("edited", Kind.BOOLEAN, "Whether a person has changed it since it was generated."),
            *_VERSION,
        ),
        group_name(occurrences),
        *staff_names(occurrences),
        *location_names(occurrences),
    ),
    window="`session_date`",
    source=occurrences,
    organization=_sessions.organization_id,
    sort_key=(_sessions.updated_at, _sessions.id),
    since=changed_since(_sessions.updated_at),
    window_conditions=(_sessions.session_date >= _FROM, _sessions.session_date <= _THROUGH),
    view="sessions",
)

ENROLLMENTS: Final = TableExport(
    "enrollments",
    "an enrollment: a patient's stay in a group, or wait for one",
    frozenset({Area.ENROLLMENTS}),
    (
        *_columns(
            enrollments,
            ("id", Kind.ID, "The enrollment."),
            ("group_definition_id", Kind.ID, "The group."),
            ("patient_id", Kind.TEXT, "The patient, by the registry's id."),
            ("status", Kind.CODE, "`ENROLLED`, `WAITLISTED` or `DISENROLLED`."),
            ("waitlist_position", Kind.INTEGER, "The place on the waitlist, from 1. Empty unless the patient waits."),
            ("waitlisted_at", Kind.INSTANT, "When the patient joined the waitlist."),
            ("enrolled_at", Kind.INSTANT, "When the seat was given."),
            ("promoted_at", Kind.INSTANT, "When the patient came from the waitlist to a seat."),
            ("disenrolled_at", Kind.INSTANT, "When the enrollment ended."),
            ("disenrollment_reason", Kind.TEXT, "Why it ended."),
            ("start_date", Kind.DATE, "The first day on which the patient is expected."),
            ("end_date", Kind.DATE, "The last day on which the patient is expected. Empty for an open end."),
            (
                "counts_from_start",
                Kind.BOOLEAN,
                "Whether the seat counts from `start_date`, not only from `enrolled_at`.",
            ),
            *_VERSION,
            ("deleted_at", Kind.INSTANT, _DELETED.format("removed because it was made in error")),
        ),
        group_name(enrollments),
        *patient_names(enrollments),
    ),
    window="the days of the stay, which must touch the window. One that was disenrolled ends on that day (UTC)",
    source=enrollments,
    organization=_seats.organization_id,
    sort_key=(_seats.updated_at, _seats.id),
    since=changed_since(_seats.updated_at),
    window_conditions=(
        and_(
            or_(_seats.end_date.is_(None), _seats.end_date >= _FROM),
            or_(_seats.disenrolled_at.is_(None), utc_day(_seats.disenrolled_at) >= _FROM),
        ),
        or_(_seats.start_date.is_(None), _seats.start_date <= _THROUGH),
    ),
    patient=_seats.patient_id,
    view="enrollments",
)

WAITLIST: Final = TableExport(
    "waitlist",
    "a patient who waits for a seat in a group",
    frozenset({Area.ENROLLMENTS}),
    (
        *_columns(
            enrollments,
            ("id", Kind.ID, "The enrollment."),
            ("group_definition_id", Kind.ID, "The group."),
            ("patient_id", Kind.TEXT, "The patient, by the registry's id."),
            ("waitlist_position", Kind.INTEGER, "The place on the waitlist, from 1."),
            ("waitlisted_at", Kind.INSTANT, "When the patient joined the waitlist."),
            ("start_date", Kind.DATE, "The day from which the patient wants the seat. Empty for as soon as possible."),
            ("end_date", Kind.DATE, "The last day on which the patient will be expected."),
            *_VERSION,
        ),
        group_name(enrollments),
        *patient_names(enrollments),
    ),
    window="the day of `waitlisted_at` (UTC)",
    source=enrollments,
    organization=_seats.organization_id,
    sort_key=(_seats.updated_at, _seats.id),
    condition=_seats.status == constant(EnrollmentStatus.WAITLISTED),
    since=changed_since(_seats.updated_at),
    window_conditions=(utc_day(_seats.waitlisted_at) >= _FROM, utc_day(_seats.waitlisted_at) <= _THROUGH),
    patient=_seats.patient_id,
    view="waitlist",
)

_ROSTER: Final[FromClause] = occurrences.join(enrollments, ATTENDS)
_ROSTER_UPDATED_AT: Final = latest(_sessions.updated_at, _seats.updated_at)


ROSTERS: Final = TableExport(
    "rosters",
    "a patient who is expected at a session",
    frozenset({Area.SCHEDULE, Area.ENROLLMENTS}),
    (
        ExportColumn("occurrence_id", Kind.ID, "The session.", _sessions.id),
        ExportColumn("enrollment_id", Kind.ID, "The enrollment that brings the patient there.", _seats.id),
        *_columns(occurrences, ("group_definition_id", Kind.ID, "The group.")),
        *_columns(enrollments, ("patient_id", Kind.TEXT, "The patient, by the registry's id.")),
        *_columns(
            occurrences,
            ("facilitator_id", Kind.TEXT, "The facilitator of the session, by the registry's id."),
            ("location_id", Kind.TEXT, "The location of the session, by the registry's id."),
            ("session_date", Kind.DATE, "The local date of the session."),
            ("starts_at", Kind.INSTANT, "When the session starts."),
            ("ends_at", Kind.INSTANT, "When the session ends."),
            ("status", Kind.CODE, "The status of the session: `SCHEDULED` or `COMPLETED`."),
        ),
        ExportColumn(
            "updated_at", Kind.INSTANT, "When the session or the enrollment last changed.", _ROSTER_UPDATED_AT
        ),
        group_name(occurrences),
        *patient_names(enrollments),
    ),
    order="`updated_at`, `occurrence_id`, `enrollment_id`",
    window="`session_date`",
    source=_ROSTER,
    organization=_sessions.organization_id,
    sort_key=(_ROSTER_UPDATED_AT, _sessions.id, _seats.id),
    since=changed_since(_ROSTER_UPDATED_AT),
    window_conditions=(_sessions.session_date >= _FROM, _sessions.session_date <= _THROUGH),
    patient=_seats.patient_id,
    view="rosters",
)

"""The domain's enumerations as GraphQL enums, with a description of each value."""

from collections.abc import Mapping
from enum import StrEnum

import strawberry

from db.queries.enrollments import EnrollmentOrder
from db.queries.groups import GroupOrder
from db.queries.sessions import SessionOrder
from domain.calendar_changes import KeepReason, OccurrenceAction
from domain.compliance import ComplianceRequirementCode, ComplianceStatus
from domain.conflicts import ConflictKind
from domain.drift import DriftReason
from domain.patient_compliance import ComplianceOutlook
from domain.records import CapacityStatus, EnrollmentStatus, GroupType, OccurrenceStatus
from domain.refusal import FaultCode
from domain.session_selection import Weekday
from domain.waitlist import WaitlistReason


def _declare(enumeration: type[StrEnum], name: str, description: str, values: Mapping[StrEnum, str]) -> None:
    # The domain does not import Strawberry, so its enums are declared here. strawberry.enum takes no descriptions of
    # values that are plain members, so they are added afterwards.
    strawberry.enum(enumeration, name=name, description=description)
    described = {member.value: text for member, text in values.items()}
    for value in enumeration.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by strawberry.enum
        value.description = described[value.value]


_declare(
    GroupType,
    "GroupType",
    "The kind of a therapy group. IOP and PHP are intensive programs with weekly minimums.",
    {
        GroupType.THERAPY: "Group psychotherapy.",
        GroupType.PSYCHOEDUCATION: "Teaching about an illness and how to live with it.",
        GroupType.SKILLS_TRAINING: "Practice of skills, for example those of dialectical behaviour therapy.",
        GroupType.SUPPORT: "Mutual support.",
        GroupType.IOP: "Intensive outpatient program. By default at least 9 hours on 3 days a week.",
        GroupType.PHP: "Partial hospitalization program. By default at least 20 hours on 5 days a week.",
        GroupType.OTHER: "Any other group.",
    },
)
_declare(
    OccurrenceStatus,
    "OccurrenceStatus",
    "The status of a session.",
    {
        OccurrenceStatus.SCHEDULED: "The session is planned.",
        OccurrenceStatus.COMPLETED: "The session took place and is documented.",
        OccurrenceStatus.CANCELLED: "The session was cancelled. cancellationReason says why.",
    },
)
_declare(
    EnrollmentStatus,
    "EnrollmentStatus",
    "The status of a patient in a group.",
    {
        EnrollmentStatus.ENROLLED: "The patient has a seat.",
        EnrollmentStatus.WAITLISTED: "The patient waits for a seat, at waitlistPosition.",
        EnrollmentStatus.DISENROLLED: "The patient has left the group or the waitlist.",
    },
)
_declare(
    CapacityStatus,
    "CapacityStatus",
    "Whether a group has free seats.",
    {
        CapacityStatus.OPEN: "At least one seat is free.",
        CapacityStatus.FULL: "Every seat is taken.",
        CapacityStatus.OVER_CAPACITY: "More patients are enrolled than there are seats.",
    },
)
_declare(
    ComplianceStatus,
    "ComplianceStatus",
    "Whether a program's week meets its requirements.",
    {
        ComplianceStatus.COMPLIANT: "Every requirement is met.",
        ComplianceStatus.NON_COMPLIANT: "At least one requirement is not met. The gaps list them.",
    },
)
_declare(
    ComplianceRequirementCode,
    "ComplianceRequirementCode",
    "A weekly requirement of a program.",
    {
        ComplianceRequirementCode.WEEKLY_HOURS: "Hours in the week.",
        ComplianceRequirementCode.WEEKLY_DAYS: "Days with a session in the week.",
        ComplianceRequirementCode.DAILY_HOURS: "Hours on each day that has a session.",
        ComplianceRequirementCode.GROUP_SIZE: "Patients with a seat in the group. The required value is a maximum.",
        ComplianceRequirementCode.SESSION_MINUTES: "Minutes of each session.",
    },
)
_declare(
    ComplianceOutlook,
    "ComplianceOutlook",
    "Whether a patient's week will meet its rule set. Only hours, days and minutes of sessions decide.",
    {
        ComplianceOutlook.MET: "The sessions that are over suffice.",
        ComplianceOutlook.ON_TRACK: "The scheduled sessions suffice, also if any one of the remaining ones is lost.",
        ComplianceOutlook.AT_RISK: "The scheduled sessions suffice only if every remaining one is held.",
        ComplianceOutlook.CANNOT_BE_MET: "The scheduled sessions do not suffice.",
    },
)
_declare(
    FaultCode,
    "UserErrorCode",
    "Why an input was refused.",
    {
        FaultCode.REQUIRED: "A required value is missing or blank.",
        FaultCode.INVALID: "The value is not valid for this field.",
        FaultCode.OUT_OF_RANGE: "The value is too small, too large, too long, too early or too late.",
        FaultCode.NOT_FOUND: "The organization has no record with this id.",
        FaultCode.ALREADY_ENROLLED: "The patient is already enrolled in the group or on its waitlist.",
        FaultCode.NOT_ACTIVE: "The record is no longer active.",
        FaultCode.AT_CAPACITY: "The group has no free seat.",
        FaultCode.GROUP_DELETED: "The group is deleted.",
        FaultCode.OCCURRENCE_CANCELLED: "The session is cancelled.",
        FaultCode.OCCURRENCE_COMPLETED: "The session is completed.",
        FaultCode.DUPLICATE_OCCURRENCE: "The group already has a session that starts at the same local time.",
        FaultCode.INVALID_RECURRENCE_RULE: "The rule is not a supported recurrence rule.",
        FaultCode.VERSION_CONFLICT: "The record has changed since the version you expected. Read it again.",
        FaultCode.WAITLIST_FULL: "The group and its waitlist are full.",
    },
)
_declare(
    GroupOrder,
    "GroupDefinitionOrder",
    "The order of a list of groups.",
    {
        GroupOrder.NAME_ASC: "By name, A to Z, ignoring case and accents.",
        GroupOrder.NAME_DESC: "By name, Z to A, ignoring case and accents.",
        GroupOrder.CREATED_AT_ASC: "Oldest first.",
        GroupOrder.CREATED_AT_DESC: "Newest first.",
        GroupOrder.UPDATED_AT_ASC: "By the instant of the last change of the definition, earliest first.",
    },
)
_declare(
    OccurrenceAction,
    "OccurrenceAction",
    "What a change of many sessions does to a session.",
    {
        OccurrenceAction.CREATE: "The session is scheduled.",
        OccurrenceAction.MOVE: "The session gets another local date or start time.",
        OccurrenceAction.UPDATE: "The session keeps its local date and start time, and gets another end, time zone, "
        "facilitator or location. Another end or time zone reschedules it, as MOVE does: pm_group_session_rescheduled. "
        "Otherwise its event is pm_group_session_updated.",
        OccurrenceAction.CANCEL: "The session is cancelled.",
        OccurrenceAction.KEEP: "The session stays as it is. keepReason says why.",
    },
)
_declare(
    KeepReason,
    "KeepReason",
    "Why a session stays as it is.",
    {
        KeepReason.EDITED: "Someone has changed it by hand.",
        KeepReason.COMPLETED: "It is completed.",
        KeepReason.CANCELLED: "It is cancelled.",
        KeepReason.PAST: "It has begun.",
        KeepReason.CLOSURE: "The day is closed.",
        KeepReason.DUPLICATE: "The group has another session at this date and time.",
        KeepReason.UNCHANGED: "It is as it should be.",
    },
)
_declare(
    Weekday,
    "Weekday",
    "A day of the week.",
    {day: f"{day.capitalize()}." for day in Weekday},
)
_declare(
    ConflictKind,
    "ConflictKind",
    "What is in two places at once, or closed.",
    {
        ConflictKind.FACILITATOR: "A staff member leads or co-leads two sessions at once.",
        ConflictKind.LOCATION: "Two sessions are in one room at once. At a location without a room, any number can be.",
        ConflictKind.PATIENT: "A patient is expected at two sessions at once. Callers who may view enrollments see it.",
        ConflictKind.GROUP: "Two sessions of one group overlap. They are not reported as conflicts of other kinds too.",
        ConflictKind.CLOSURE: "A session is on a day on which its location, or the whole organization, is closed.",
    },
)
_declare(
    DriftReason,
    "DriftReason",
    "How a session differs from the definition of its group.",
    {
        DriftReason.MISSING: "The recurrence has a session on this day, and the calendar has none.",
        DriftReason.NOT_IN_RULE: "The recurrence no longer has the session's day.",
        DriftReason.START_TIME: "It starts at another local time.",
        DriftReason.DURATION: "It has another length.",
        DriftReason.TIME_ZONE: "Its times are in another time zone.",
        DriftReason.FACILITATOR: "Another facilitator or co-facilitator leads it.",
        DriftReason.LOCATION: "It takes place at another location.",
        DriftReason.CLOSURE: "Its day is closed.",
    },
)
_declare(
    SessionOrder,
    "OccurrenceOrder",
    "The order of a list of sessions.",
    {
        SessionOrder.STARTS_AT_ASC: "By local date and start time, earliest first.",
        SessionOrder.STARTS_AT_DESC: "By local date and start time, latest first.",
        SessionOrder.UPDATED_AT_ASC: "By the instant of the last change, earliest first.",
    },
)
_declare(
    EnrollmentOrder,
    "EnrollmentOrder",
    "The order of a list of enrollments.",
    {
        EnrollmentOrder.GROUP_AND_PLACE: "Group by group, those that were created first first. In each group: seated"
        " patients, then the waitlist in its order, then past enrollments.",
        EnrollmentOrder.CREATED_AT_ASC: "Oldest first.",
        EnrollmentOrder.CREATED_AT_DESC: "Newest first.",
        EnrollmentOrder.UPDATED_AT_ASC: "By the instant of the last change, earliest first.",
    },
)

_declare(
    WaitlistReason,
    "WaitlistReason",
    "Why a patient waits. If several reasons apply, the last of them applies.",
    {
        WaitlistReason.GROUP_FULL: "All seats are taken.",
        WaitlistReason.GROUP_OVER_CAPACITY: "More patients have a seat than the group has seats.",
        WaitlistReason.GROUP_DELETED: "The group is deleted: no seat is given until it is restored.",
        WaitlistReason.PATIENT_NOT_ACTIVE: "The patient is deceased or deactivated in the registry: no seat is given.",
    },
)

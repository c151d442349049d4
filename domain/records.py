"""The records of the module, as they are read and written. They are immutable and have no behaviour.

The ids of groups, occurrences, enrollments and closures are UUIDs of version 7. Staff, locations and patients belong to
other modules and have the ids of these: strings of at most 64 characters, unique within an organization.
All instants are in UTC. A session's date and times are local wall-clock time in its time zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from domain.recurrence import Recurrence


class GroupType(StrEnum):
    """The type of a therapy group. IOP and PHP are intensive programs with weekly minimums."""

    THERAPY = "THERAPY"
    PSYCHOEDUCATION = "PSYCHOEDUCATION"
    SKILLS_TRAINING = "SKILLS_TRAINING"
    SUPPORT = "SUPPORT"
    IOP = "IOP"
    PHP = "PHP"
    OTHER = "OTHER"


class Program(StrEnum):
    """The group types that are intensive programs."""

    IOP = "IOP"
    PHP = "PHP"


PROGRAMS: Mapping[GroupType, Program] = MappingProxyType({GroupType.IOP: Program.IOP, GroupType.PHP: Program.PHP})
"""The program of each group type that is one."""


class OccurrenceStatus(StrEnum):
    """The status of a session."""

    SCHEDULED = "SCHEDULED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class EnrollmentStatus(StrEnum):
    """The status of an enrollment. ENROLLED and WAITLISTED are active."""

    ENROLLED = "ENROLLED"
    WAITLISTED = "WAITLISTED"
    DISENROLLED = "DISENROLLED"


class CapacityStatus(StrEnum):
    """Whether a group is below its maximum capacity, at it, or above it."""

    OPEN = "OPEN"
    FULL = "FULL"
    OVER_CAPACITY = "OVER_CAPACITY"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A staff member, from the platform's practitioner registry."""

    id: str
    display_name: str
    credentials: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Location:
    """A place where groups meet: a site and, if known, a room. Inactive if suspended or closed in the registry."""

    id: str
    site: str
    room: str | None
    time_zone: str
    active: bool


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient, from the registry PM-01. Inactive if deceased, deactivated or merged there.

    `replaced_by` is the id of the record that a merged one was replaced by. That record may be missing.
    `preferred_name` is the name that the patient goes by, if it differs from the display name.
    """

    id: str
    display_name: str
    medical_record_number: str
    birth_date: date | None
    active: bool
    replaced_by: str | None = None
    preferred_name: str | None = None


@dataclass(frozen=True, slots=True)
class GroupDefinition:
    """A therapy group: its type, facilitators, location, capacity, duration in minutes and recurrence.

    `counts_toward` are the programs toward which its sessions count as someone has set them, without its own type.
    `compliance_rule_set_id` is None for the default rule set of its type.
    """

    id: UUID
    name: str
    group_type: GroupType
    facilitator_id: str
    co_facilitator_id: str | None
    location_id: str | None
    time_zone: str
    max_capacity: int
    min_capacity: int | None
    duration_minutes: int
    recurrence: Recurrence | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    # Defaults, for groups that an earlier release stored as the result of an idempotent step.
    counts_toward: tuple[Program, ...] = ()
    compliance_rule_set_id: str | None = None

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs toward which its sessions count: its own, and those in `counts_toward`."""
        programs = {PROGRAMS.get(self.group_type), *self.counts_toward}
        return tuple(program for program in Program if program in programs)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One session of a group.

    `recurrence_date` is the day of the group's recurrence that the session fills, wherever it has been moved to (RFC
    5545, RECURRENCE-ID). None for a session that was added by hand. `edited` is whether a person has changed it since.
    """

    id: UUID
    group_definition_id: UUID
    session_date: date
    start_time: time
    end_time: time
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    facilitator_id: str
    co_facilitator_id: str | None
    location_id: str | None
    status: OccurrenceStatus
    cancellation_reason: str | None
    cancelled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    # Defaults, for sessions that an earlier release stored as the result of an idempotent step.
    recurrence_date: date | None = None
    edited: bool = False

    @property
    def duration_minutes(self) -> int:
        """The minutes that pass between start and end, including any change of the clocks."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One patient's enrollment in one group. `waitlist_position` is 1 to n while waiting, otherwise None.

    `start_date` and `end_date` are the first and the last day on which the patient is expected, in the group's time
    zone; None for a patient who waits without a start, and for an open end. `counts_from_start` is whether a person
    named the start of the seat, so that it counts from the beginning of that day. Otherwise it counts from
    `enrolled_at`. `domain.expected` has the rule.
    """

    id: UUID
    group_definition_id: UUID
    patient_id: str
    status: EnrollmentStatus
    waitlist_position: int | None
    waitlisted_at: datetime | None
    enrolled_at: datetime | None
    promoted_at: datetime | None
    disenrolled_at: datetime | None
    disenrollment_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    # Defaults, for enrollments that an earlier release stored as the result of an idempotent step.
    start_date: date | None = None
    end_date: date | None = None
    counts_from_start: bool = False


@dataclass(frozen=True, slots=True)
class Closure:
    """Days without sessions, from the first through the last: a holiday, or a flooded site.

    `location_id` is None for the whole organization. `domain.closures` says which other locations a closure covers.
    """

    id: UUID
    name: str
    from_date: date
    through_date: date
    location_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """An address from which a calendar program reads the sessions of a person, a place or a group.

    Attributes:
        id: Its id, which is no part of the address.
        owner_id: Who created it: the caller's id at the identity provider.
        facilitator_id: The facilitator or co-facilitator of the sessions; None if the feed has another subject.
        location_id: The location of the sessions, or their site.
        group_definition_id: The group of the sessions.
        created_at: When it was created.
        rotated_at: When it got the address that it has now.
    """

    id: UUID
    owner_id: str
    facilitator_id: str | None
    location_id: str | None
    group_definition_id: UUID | None
    created_at: datetime
    rotated_at: datetime

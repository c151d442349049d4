"""A group's roster: who is seated, who is on the waitlist, and every decision that changes it.

The invariant: nobody who may be seated waits while a seat is free, and the waiting patients have the positions 1 to n.
Every decision ends in `_settle`, which promotes the first waiting patients to the free seats and renumbers the others.
A group above its maximum (its capacity was lowered, or a patient was promoted over it) promotes nobody until it is
below it. A deleted group promotes nobody until it is restored.

A patient who is deceased or deactivated in the registry is never seated. Their place in the waitlist stays theirs, and
a free seat goes to the first active patient behind them. Nobody inactive enters a waitlist, so that reactivating a
patient, which settles the rosters that they wait in, misses none.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.roster_changes import (
    DISENROLLED,
    ENROLLED,
    POSITION_CHANGED,
    PROMOTED,
    PROMOTED_OVER_CAPACITY,
    REMOVED,
    WAITLISTED,
    RosterChange,
    Step,
)
from domain.stays import OPEN_STAY, Stay, last_day_faults, start_of_seat
from domain.texts import optional_text
from domain.wall_time import local_date

REASON_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Roster:
    """A group's active enrollments.

    Attributes:
        group_definition_id: The group.
        max_capacity: Its number of seats.
        seated: The enrollments with a seat.
        waiting: The waiting enrollments, in the order of the waitlist.
        time_zone: The group's IANA time zone, in which the days of a stay are counted.
        group_is_deleted: Whether the group is deleted. Its free seats stay free until it is restored.
        inactive_patients: The ids of the waiting patients who are inactive in the registry.
    """

    group_definition_id: UUID
    max_capacity: int
    seated: tuple[Enrollment, ...]
    waiting: tuple[Enrollment, ...]
    time_zone: str
    group_is_deleted: bool = False
    inactive_patients: frozenset[str] = frozenset()

    @property
    def free_seats(self) -> int:
        """How many seats may be given to waiting patients."""
        return 0 if self.group_is_deleted else max(0, self.max_capacity - len(self.seated))

    def may_be_seated(self, waiting: Enrollment) -> bool:
        """Return whether a waiting patient may get a seat when it is their turn."""
        return waiting.patient_id not in self.inactive_patients


def inactive_patient(field: FieldPath) -> Fault:
    """Return the fault of seating a patient who is inactive in the registry."""
    return Fault(FaultCode.NOT_ACTIVE, "This patient is deceased or deactivated in the registry.", field)


def enroll(
    roster: Roster,
    enrollment_id: UUID,
    patient_id: str,
    now: datetime,
    field: FieldPath,
    waitlist_limit: int,
    stay: Stay = OPEN_STAY,
) -> RosterChange:
    """Enroll an active patient, or add them to the end of the waitlist if all seats are taken.

    While a seat is free, only inactive patients wait, and the new one passes them. If the limit was lowered below the
    length of the waitlist, the waitlist stays and accepts nobody. Without a start, a stay starts on the day on which
    the seat is given. `stay_faults` says which days are possible.

    Raises:
        Refusal: ALREADY_ENROLLED at `field` if the patient is seated or waiting; WAITLIST_FULL at the group if the
            waitlist is full.
    """
    for active in (*roster.seated, *roster.waiting):
        if active.patient_id == patient_id:
            message = "This patient is already enrolled in the group or on its waitlist."
            raise Refusal(Fault(FaultCode.ALREADY_ENROLLED, message, field, active.id), patients=(patient_id,))
    waits = len(roster.seated) >= roster.max_capacity
    if waits and len(roster.waiting) >= waitlist_limit:
        message = f"All seats are taken and the waitlist is full. At most {waitlist_limit} patients may wait."
        raise Refusal(Fault(FaultCode.WAITLIST_FULL, message, ("input", "groupDefinitionId")))
    start = stay.start
    if start is None and not waits:
        start = local_date(now, roster.time_zone)
    enrollment = Enrollment(
        id=enrollment_id,
        group_definition_id=roster.group_definition_id,
        patient_id=patient_id,
        status=EnrollmentStatus.WAITLISTED if waits else EnrollmentStatus.ENROLLED,
        waitlist_position=len(roster.waiting) + 1 if waits else None,
        waitlisted_at=now if waits else None,
        enrolled_at=None if waits else now,
        promoted_at=None,
        disenrolled_at=None,
        disenrollment_reason=None,
        version=1,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        start_date=start,
        end_date=stay.end,
        counts_from_start=stay.start is not None and not waits,
    )
    return RosterChange((Step(None, enrollment, WAITLISTED if waits else ENROLLED),))


def disenroll(
    roster: Roster, enrollment: Enrollment, reason: str | None, now: datetime, end_date: date | None = None
) -> RosterChange:
    """Disenroll a patient. The record stays, and the first active patient who waits gets the seat.

    `end_date` is the last day on which the patient was expected, if that was recorded late. Otherwise the end stays.

    Raises:
        Refusal: NOT_ACTIVE if the enrollment has ended; INVALID or OUT_OF_RANGE for the reason or the last day.
    """
    faults: list[Fault] = []
    disenrollment_reason = optional_text(reason, ("input", "reason"), "reason", REASON_LENGTH, faults)
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        faults.append(Fault(FaultCode.NOT_ACTIVE, "This enrollment has already ended.", ("input", "enrollmentId")))
    faults += last_day_faults(enrollment, end_date, local_date(now, roster.time_zone))
    refuse_if_any(faults)
    after = _ended(enrollment, now, disenrollment_reason)
    if end_date is not None:
        after = replace(after, end_date=end_date)
    return _settle(_without(roster, enrollment), (Step(enrollment, after, DISENROLLED),), now)


def leave(roster: Roster, enrollment: Enrollment, reason: str, now: datetime) -> tuple[Roster, Enrollment]:
    """Return the roster without an active enrollment, and the enrollment as it ends. Nobody gets its seat yet."""
    return _without(roster, enrollment), _ended(enrollment, now, reason)


def remove(roster: Roster, enrollment: Enrollment, now: datetime) -> RosterChange:
    """Remove an enrollment that was made in error: hide it from every list, and free its seat.

    Raises:
        Refusal: NOT_ACTIVE if it has been removed already.
    """
    if enrollment.deleted_at is not None:
        message = "This enrollment has already been removed."
        raise Refusal(Fault(FaultCode.NOT_ACTIVE, message, ("input", "enrollmentId")))
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        after = replace(enrollment, deleted_at=now, version=enrollment.version + 1, updated_at=now)
        return RosterChange((Step(enrollment, after, REMOVED),))
    after = replace(_ended(enrollment, now, None), deleted_at=now)
    return _settle(_without(roster, enrollment), (Step(enrollment, after, REMOVED),), now)


def promote(roster: Roster, enrollment: Enrollment, now: datetime, *, allow_over_capacity: bool) -> RosterChange:
    """Promote a waiting patient ahead of the others.

    Raises:
        Refusal: AT_CAPACITY if no seat is free and `allow_over_capacity` is false; ALREADY_ENROLLED or NOT_ACTIVE if
            the patient is not on the waitlist; NOT_ACTIVE if the patient is inactive in the registry.
    """
    _refuse_unless_waiting(enrollment)
    if not roster.may_be_seated(enrollment):
        raise Refusal(inactive_patient(("input", "enrollmentId")))
    is_full = len(roster.seated) >= roster.max_capacity
    if is_full and not allow_over_capacity:
        remedy = "Free a seat, raise the capacity, or promote over capacity."
        message = f"All {roster.max_capacity} seats are taken. {remedy}"
        raise Refusal(Fault(FaultCode.AT_CAPACITY, message, ("input", "enrollmentId")))
    step = Step(enrollment, _seated(enrollment, roster, now), PROMOTED_OVER_CAPACITY if is_full else PROMOTED)
    after = replace(_without(roster, enrollment), seated=(*roster.seated, step.after))
    return _settle(after, (step,), now)


def move(roster: Roster, enrollment: Enrollment, position: int, now: datetime) -> RosterChange:
    """Move a waiting patient to another position of the waitlist, from 1 to n, and renumber the others.

    Raises:
        Refusal: OUT_OF_RANGE for the position; ALREADY_ENROLLED or NOT_ACTIVE if the patient is not on the waitlist.
    """
    _refuse_unless_waiting(enrollment)
    if not 1 <= position <= len(roster.waiting):
        message = f"The position must be between 1 and {len(roster.waiting)}, the number of waiting patients."
        raise Refusal(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "position")))
    if position == enrollment.waitlist_position:
        return RosterChange(())
    after = replace(enrollment, waitlist_position=position, version=enrollment.version + 1, updated_at=now)
    waitlist = [waiting for waiting in roster.waiting if waiting.id != enrollment.id]
    waitlist.insert(position - 1, after)
    return _settle(replace(roster, waiting=tuple(waitlist)), (Step(enrollment, after, POSITION_CHANGED),), now)


def settle(roster: Roster, now: datetime, steps: tuple[Step, ...] = ()) -> RosterChange:
    """Promote waiting patients to the free seats, in the order of the waitlist.

    This is for changes other than of one enrollment: the group's capacity was raised, it was restored, a patient is
    active again, or several patients have left. `steps` are those that come before.
    """
    return _settle(roster, steps, now)


def _settle(roster: Roster, steps: tuple[Step, ...], now: datetime) -> RosterChange:
    next_patients = [waiting for waiting in roster.waiting if roster.may_be_seated(waiting)][: roster.free_seats]
    promoted = [Step(waiting, _seated(waiting, roster, now), PROMOTED) for waiting in next_patients]
    seated_ids = {waiting.id for waiting in next_patients}
    # Renumbering is recorded in the history, but keeps the version: it must not conflict with another user's
    # expectedVersion.
    renumbered = [
        Step(waiting, replace(waiting, waitlist_position=position, updated_at=now), POSITION_CHANGED)
        for position, waiting in enumerate(
            (waiting for waiting in roster.waiting if waiting.id not in seated_ids), start=1
        )
        if waiting.waitlist_position != position
    ]
    return RosterChange((*steps, *promoted, *renumbered))


def _seated(enrollment: Enrollment, roster: Roster, now: datetime) -> Enrollment:
    # A reinstated patient had a seat before, and keeps its dates: the sessions of that time stay as they were.
    is_first = enrollment.enrolled_at is None
    return replace(
        enrollment,
        status=EnrollmentStatus.ENROLLED,
        waitlist_position=None,
        enrolled_at=now if is_first else enrollment.enrolled_at,
        promoted_at=now,
        start_date=start_of_seat(enrollment, local_date(now, roster.time_zone)) if is_first else enrollment.start_date,
        version=enrollment.version + 1,
        updated_at=now,
    )


def _ended(enrollment: Enrollment, now: datetime, reason: str | None) -> Enrollment:
    return replace(
        enrollment,
        status=EnrollmentStatus.DISENROLLED,
        waitlist_position=None,
        disenrolled_at=now,
        disenrollment_reason=reason,
        version=enrollment.version + 1,
        updated_at=now,
    )


def _without(roster: Roster, enrollment: Enrollment) -> Roster:
    return replace(
        roster,
        seated=tuple(active for active in roster.seated if active.id != enrollment.id),
        waiting=tuple(active for active in roster.waiting if active.id != enrollment.id),
    )


def _refuse_unless_waiting(enrollment: Enrollment) -> None:
    field = ("input", "enrollmentId")
    if enrollment.status == EnrollmentStatus.ENROLLED:
        message = "This patient is already enrolled and not on the waitlist."
        raise Refusal(Fault(FaultCode.ALREADY_ENROLLED, message, field, enrollment.id))
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        raise Refusal(Fault(FaultCode.NOT_ACTIVE, "This enrollment has ended. Enroll the patient again.", field))

"""Who sits in a group and who waits, and every decision that changes it.

The invariant: nobody waits while a seat is free, and the waiting stand at positions 1 to n. Every decision ends in
_settle, which seats those at the head of the queue as far as there are seats and renumbers the rest. A group above
its maximum (its capacity was lowered, or someone was seated over it) seats nobody until it is below it again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.changes import EntityType, Event, HistoryEntry, differences
from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, FieldPath, Refusal
from domain.texts import optional_text

REASON_LENGTH = 1000

ENROLLED = "enrolled"
WAITLISTED = "waitlisted"
PROMOTED = "promoted"
PROMOTED_OVER_CAPACITY = "promoted_over_capacity"
POSITION_CHANGED = "waitlist_position_changed"
DISENROLLED = "disenrolled"
REMOVED = "removed"

_EVENTS = {
    ENROLLED: "pm_group_patient_enrolled",
    WAITLISTED: "pm_group_patient_waitlisted",
    PROMOTED: "pm_group_patient_promoted",
    PROMOTED_OVER_CAPACITY: "pm_group_patient_promoted",
    DISENROLLED: "pm_group_patient_disenrolled",
}


@dataclass(frozen=True, slots=True)
class Roster:
    """A group's active enrollments: the seated, and the waiting in their order."""

    group_definition_id: UUID
    max_capacity: int
    seated: tuple[Enrollment, ...]
    waiting: tuple[Enrollment, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One enrollment before (None: it is new) and after, and what was done to it."""

    before: Enrollment | None
    after: Enrollment
    action: str

    @property
    def only_renumbers(self) -> bool:
        """Whether nothing changes but the place in the queue, since others left or came ahead."""
        return self.action == POSITION_CHANGED and self.before is not None and self.before.version == self.after.version


@dataclass(frozen=True, slots=True)
class RosterChange:
    """A decision: all its steps, the first of them the one that was asked for."""

    steps: tuple[Step, ...]

    @property
    def promoted(self) -> tuple[Enrollment, ...]:
        """Those seated from the waitlist as a consequence, in their order."""
        return tuple(step.after for step in self.steps if step.action == PROMOTED)

    @property
    def history(self) -> list[HistoryEntry]:
        """One entry for each enrollment that changed."""
        return [
            HistoryEntry(EntityType.ENROLLMENT, step.after.id, step.action, differences(step.before, step.after))
            for step in self.steps
        ]

    @property
    def events(self) -> list[Event]:
        """What the other modules hear. Removing a record of the past frees no seat and is no news to them."""
        return [_event(name, step.after) for step in self.steps if (name := _event_name(step)) is not None]


def enroll(
    roster: Roster, enrollment_id: UUID, patient_id: str, now: datetime, field: FieldPath, waitlist_limit: int
) -> RosterChange:
    """Seat a patient, or put them at the end of the waitlist where the group is at its maximum.

    A waitlist that is longer than the limit, since the limit was lowered, stays and takes nobody more.

    Raises:
        Refusal: ALREADY_ENROLLED at the field where the patient is seated or waiting already; WAITLIST_FULL at the
            group where nobody more may wait.
    """
    if any(held.patient_id == patient_id for held in (*roster.seated, *roster.waiting)):
        fault = Fault(
            FaultCode.ALREADY_ENROLLED, "This patient is already enrolled in the group or waiting for it.", field
        )
        raise Refusal(fault, patients=(patient_id,))
    waits = len(roster.seated) >= roster.max_capacity
    if waits and len(roster.waiting) >= waitlist_limit:
        message = f"All seats are taken, and the waitlist of this group is full: at most {waitlist_limit} may wait."
        raise Refusal(Fault(FaultCode.WAITLIST_FULL, message, ("input", "groupDefinitionId")))
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
    )
    return RosterChange((Step(None, enrollment, WAITLISTED if waits else ENROLLED),))


def disenroll(roster: Roster, enrollment: Enrollment, reason: str | None, now: datetime) -> RosterChange:
    """Take a patient off the roster, keep the record, and seat who is next.

    Raises:
        Refusal: NOT_ACTIVE where they left already; INVALID or OUT_OF_RANGE for the reason.
    """
    faults: list[Fault] = []
    told = optional_text(reason, ("input", "reason"), "reason", REASON_LENGTH, faults)
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        faults.append(Fault(FaultCode.NOT_ACTIVE, "This enrollment has ended already.", ("input", "enrollmentId")))
    if faults:
        raise Refusal(*faults)
    after = _ended(enrollment, now, told)
    return _settle(_without(roster, enrollment), (Step(enrollment, after, DISENROLLED),), now)


def remove(roster: Roster, enrollment: Enrollment, now: datetime) -> RosterChange:
    """Hide an enrollment made in error from every list, and free its seat.

    Raises:
        Refusal: NOT_ACTIVE where it was removed already.
    """
    if enrollment.deleted_at is not None:
        raise Refusal(Fault(FaultCode.NOT_ACTIVE, "This enrollment was removed already.", ("input", "enrollmentId")))
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        after = replace(enrollment, deleted_at=now, version=enrollment.version + 1, updated_at=now)
        return RosterChange((Step(enrollment, after, REMOVED),))
    after = replace(_ended(enrollment, now, None), deleted_at=now)
    return _settle(_without(roster, enrollment), (Step(enrollment, after, REMOVED),), now)


def promote(roster: Roster, enrollment: Enrollment, now: datetime, *, allow_over_capacity: bool) -> RosterChange:
    """Seat a chosen waiting patient out of turn.

    Raises:
        Refusal: AT_CAPACITY where no seat is free, unless that is allowed; ALREADY_ENROLLED or NOT_ACTIVE where the
            patient does not wait.
    """
    _refuse_unless_waiting(enrollment)
    over = len(roster.seated) >= roster.max_capacity
    if over and not allow_over_capacity:
        raise Refusal(
            Fault(
                FaultCode.AT_CAPACITY,
                f"All {roster.max_capacity} seats are taken. Free one, raise the capacity,"
                " or allow this group to go over its capacity.",
                ("input", "enrollmentId"),
            )
        )
    step = Step(enrollment, _seated(enrollment, now), PROMOTED_OVER_CAPACITY if over else PROMOTED)
    left = replace(_without(roster, enrollment), seated=(*roster.seated, step.after))
    return _settle(left, (step,), now)


def move(roster: Roster, enrollment: Enrollment, position: int, now: datetime) -> RosterChange:
    """Put a waiting patient at another position of the queue, 1 to n; the others close up.

    Raises:
        Refusal: OUT_OF_RANGE for the position; ALREADY_ENROLLED or NOT_ACTIVE where the patient does not wait.
    """
    _refuse_unless_waiting(enrollment)
    if not 1 <= position <= len(roster.waiting):
        raise Refusal(
            Fault(
                FaultCode.OUT_OF_RANGE,
                f"The position must be from 1 to {len(roster.waiting)}, the number waiting.",
                ("input", "position"),
            )
        )
    if position == enrollment.waitlist_position:
        return RosterChange(())
    after = replace(enrollment, waitlist_position=position, version=enrollment.version + 1, updated_at=now)
    queue = [waiting for waiting in roster.waiting if waiting.id != enrollment.id]
    queue.insert(position - 1, after)
    return _settle(replace(roster, waiting=tuple(queue)), (Step(enrollment, after, POSITION_CHANGED),), now)


def settle(roster: Roster, now: datetime) -> RosterChange:
    """Seat those waiting, in their order, as far as there are seats: for a capacity that was raised."""
    return _settle(roster, (), now)


def _settle(roster: Roster, steps: tuple[Step, ...], now: datetime) -> RosterChange:
    free = max(0, roster.max_capacity - len(roster.seated))
    promoted = [Step(waiting, _seated(waiting, now), PROMOTED) for waiting in roster.waiting[:free]]
    # A place in the queue follows from the queue: it tells the record's history, but is no edit that would make
    # somebody else's expectedVersion stale.
    renumbered = [
        Step(waiting, replace(waiting, waitlist_position=position, updated_at=now), POSITION_CHANGED)
        for position, waiting in enumerate(roster.waiting[free:], start=1)
        if waiting.waitlist_position != position
    ]
    return RosterChange((*steps, *promoted, *renumbered))


def _seated(enrollment: Enrollment, now: datetime) -> Enrollment:
    return replace(
        enrollment,
        status=EnrollmentStatus.ENROLLED,
        waitlist_position=None,
        enrolled_at=now,
        promoted_at=now,
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
        seated=tuple(held for held in roster.seated if held.id != enrollment.id),
        waiting=tuple(held for held in roster.waiting if held.id != enrollment.id),
    )


def _refuse_unless_waiting(enrollment: Enrollment) -> None:
    field = ("input", "enrollmentId")
    if enrollment.status == EnrollmentStatus.ENROLLED:
        raise Refusal(Fault(FaultCode.ALREADY_ENROLLED, "This patient has a seat already and does not wait.", field))
    if enrollment.status == EnrollmentStatus.DISENROLLED:
        raise Refusal(Fault(FaultCode.NOT_ACTIVE, "This enrollment has ended; enroll the patient anew.", field))


def _event_name(step: Step) -> str | None:
    if step.action == REMOVED:
        was_active = step.before is not None and step.before.status != EnrollmentStatus.DISENROLLED
        return _EVENTS[DISENROLLED] if was_active else None
    return _EVENTS.get(step.action)


def _event(name: str, enrollment: Enrollment) -> Event:
    return Event(
        name,
        enrollment.group_definition_id,
        {
            "enrollment_id": str(enrollment.id),
            "group_definition_id": str(enrollment.group_definition_id),
            "patient_id": enrollment.patient_id,
            "status": enrollment.status.value,
            "waitlist_position": enrollment.waitlist_position,
        },
    )

"""Reinstating a patient: undoing the disenrollment or the removal of an enrollment.

The enrollment becomes active again as the same record, as if it had not ended: when it was created, when the seat was
given, the start and the end stay as they were. The patient gets a free seat, or the first place in the waitlist.

A patient who had a seat and has to wait now waits from the instant at which the seat was taken back. So the sessions
until then stay as they were, and nobody expects the patient until there is a seat again.

An enrollment that had ended before it was removed ends up as it was before the removal: ended. Reinstating it once more
undoes the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, refuse_if_any
from domain.roster import Roster, inactive_patient, settle
from domain.roster_changes import (
    REINSTATED,
    REINSTATED_OVER_CAPACITY,
    REINSTATED_TO_WAITLIST,
    REMOVAL_UNDONE,
    RosterChange,
    Step,
)
from domain.stays import start_of_seat
from domain.wall_time import local_date

_FIELD: Final = ("input", "enrollmentId")


@dataclass(frozen=True, slots=True)
class Ending:
    """What the history says about the end of an enrollment.

    Attributes:
        removed_later: Whether it had ended before it was removed.
        end_date: Its end date before it ended.
    """

    removed_later: bool
    end_date: date | None


def reinstate(
    roster: Roster,
    enrollment: Enrollment,
    ending: Ending,
    now: datetime,
    *,
    patient_is_active: bool,
    allow_over_capacity: bool,
    waitlist_limit: int,
) -> RosterChange:
    """Undo the disenrollment or the removal of an enrollment.

    Args:
        roster: The roster of its group.
        enrollment: The enrollment.
        ending: How it ended.
        now: The instant of the change.
        patient_is_active: Whether its patient is active in the registry.
        allow_over_capacity: Whether the patient gets a seat even if none is free.
        waitlist_limit: How many patients may wait in the group.

    Raises:
        Refusal: ALREADY_ENROLLED if this or another enrollment of the patient in the group is active, GROUP_DELETED,
            NOT_ACTIVE, WAITLIST_FULL.
    """
    if enrollment.deleted_at is not None and ending.removed_later:
        after = replace(enrollment, deleted_at=None, version=enrollment.version + 1, updated_at=now)
        return RosterChange((Step(enrollment, after, REMOVAL_UNDONE),))
    faults = list(_faults(roster, enrollment, patient_is_active=patient_is_active))
    is_full = len(roster.seated) >= roster.max_capacity
    waits = is_full and not allow_over_capacity
    if waits and len(roster.waiting) >= waitlist_limit and enrollment.status == EnrollmentStatus.DISENROLLED:
        message = f"All seats are taken and the waitlist is full. At most {waitlist_limit} patients may wait."
        faults.append(Fault(FaultCode.WAITLIST_FULL, message, _FIELD))
    refuse_if_any(faults)
    active = replace(
        enrollment,
        disenrolled_at=None,
        disenrollment_reason=None,
        deleted_at=None,
        end_date=_end_date(enrollment, ending),
        version=enrollment.version + 1,
        updated_at=now,
    )
    if waits:
        after = _waiting(active, enrollment)
        step = Step(enrollment, after, REINSTATED_TO_WAITLIST)
        return settle(replace(roster, waiting=(after, *roster.waiting)), now, (step,))
    after = _with_seat(active, roster, now)
    step = Step(enrollment, after, REINSTATED_OVER_CAPACITY if is_full else REINSTATED)
    return settle(replace(roster, seated=(*roster.seated, after)), now, (step,))


def _faults(roster: Roster, enrollment: Enrollment, *, patient_is_active: bool) -> Iterator[Fault]:
    if enrollment.status != EnrollmentStatus.DISENROLLED:
        yield Fault(FaultCode.ALREADY_ENROLLED, "This enrollment is active.", _FIELD, enrollment.id)
        return
    if roster.group_is_deleted:
        yield Fault(FaultCode.GROUP_DELETED, "This group is deleted. Restore it first.", _FIELD)
    if not patient_is_active:
        yield inactive_patient(_FIELD)
    for other in (*roster.seated, *roster.waiting):
        if other.patient_id == enrollment.patient_id:
            message = "The patient has another enrollment in the group, which is active."
            yield Fault(FaultCode.ALREADY_ENROLLED, message, _FIELD, other.id)


def _end_date(enrollment: Enrollment, ending: Ending) -> date | None:
    """Return the end date before the enrollment ended, unless its start was corrected to a later day since."""
    end, start = ending.end_date, enrollment.start_date
    return enrollment.end_date if end is not None and start is not None and end < start else end


def _waited(enrollment: Enrollment) -> bool:
    """Return whether the patient was waiting when the enrollment ended."""
    return enrollment.waitlisted_at is not None and enrollment.promoted_at is None


def _waiting(active: Enrollment, ended: Enrollment) -> Enrollment:
    return replace(
        active,
        status=EnrollmentStatus.WAITLISTED,
        waitlist_position=1,
        waitlisted_at=ended.waitlisted_at if _waited(ended) else ended.disenrolled_at,
        promoted_at=None,
    )


def _with_seat(active: Enrollment, roster: Roster, now: datetime) -> Enrollment:
    seated = replace(active, status=EnrollmentStatus.ENROLLED)
    if not _waited(active):
        return seated
    if active.enrolled_at is not None:
        return replace(seated, promoted_at=now)
    start = start_of_seat(active, local_date(now, roster.time_zone))
    return replace(seated, enrolled_at=now, promoted_at=now, start_date=start)

"""Transferring patients to another group, all of them or none.

Each patient leaves one group and enters the other, in the order given. Both records stay: the one that ends, and a new
one. A patient enters the other group like anybody who is enrolled: to a free seat, or to the end of the waitlist. A
patient who waited in the first group may get a seat in the other. Once all have left, their seats are given on.

By default, the first stay counts up to the instant of the transfer, and the second from it. If a person names a start
that is not in the future, the second stay counts from that day, and the first ends on the day before: no session is
counted in both groups. A start in the future leaves the days until then without any group.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, FieldPath, Refusal
from domain.roster import REASON_LENGTH, Roster, enroll, inactive_patient, leave, settle
from domain.roster_changes import TRANSFERRED, RosterChange, Step
from domain.stays import OPEN_STAY, Stay
from domain.texts import optional_text
from domain.wall_time import local_date

MAX_TRANSFERRED: Final = 200
"""The maximum number of enrollments of one transfer."""
ENROLLMENT_IDS: Final[FieldPath] = ("input", "enrollmentIds")
DEFAULT_REASON: Final = "Transferred to another group."


class Leaving(NamedTuple):
    """One id in the list of a transfer.

    Attributes:
        enrollment: The enrollment; None if the organization has none with this id.
        patient_is_active: Whether its patient is active in the registry.
        new_id: The id of the patient's enrollment in the other group.
    """

    enrollment: Enrollment | None
    patient_is_active: bool
    new_id: UUID


@dataclass(frozen=True, slots=True)
class Transfer:
    """A decision to transfer patients.

    Attributes:
        change: All its steps: for each patient the enrollment that ends and the new one, then who gets the seats.
        entered: The new enrollments, in the order of those that end.
    """

    change: RosterChange
    entered: tuple[Enrollment, ...]


def count_faults(ids: Sequence[str]) -> list[Fault]:
    """Return REQUIRED for an empty list of enrollments, or OUT_OF_RANGE for one that is too long."""
    if not ids:
        return [Fault(FaultCode.REQUIRED, "Name at least one enrollment.", ENROLLMENT_IDS)]
    if len(ids) > MAX_TRANSFERRED:
        message = f"One request transfers at most {MAX_TRANSFERRED} enrollments."
        return [Fault(FaultCode.OUT_OF_RANGE, message, ENROLLMENT_IDS)]
    return []


def reason_of_transfer(reason: str | None, faults: list[Fault]) -> str:
    """Return the trimmed reason, or a default. Add INVALID or OUT_OF_RANGE to the faults."""
    return optional_text(reason, ("input", "reason"), "reason", REASON_LENGTH, faults) or DEFAULT_REASON


def path_of(index: int) -> FieldPath:
    """Return the path of an enrollment's id in the input."""
    return (*ENROLLMENT_IDS, str(index))


def transfer(
    leaving: Sequence[Leaving],
    rosters: Iterable[Roster],
    target: Roster | None,
    reason: str,
    now: datetime,
    waitlist_limit: int,
    stay: Stay = OPEN_STAY,
) -> Transfer:
    """Transfer patients to another group.

    Args:
        leaving: The enrollments to end, in the order in which the patients enter the other group.
        rosters: The rosters of their groups.
        target: The roster of the other group. None if nobody can enter it, for a reason that the caller adds to the
            refusal.
        reason: Why they leave their groups.
        now: The instant of the change.
        waitlist_limit: How many patients may wait in one group.
        stay: The start of the new stays, if a person names one. `stay_faults` says which days are possible.

    Raises:
        Refusal: NOT_FOUND, NOT_ACTIVE, INVALID, ALREADY_ENROLLED or WAITLIST_FULL for each enrollment that cannot be
            transferred, at its place in the list. The patients who can are as if the others were not in the list.
    """
    listed = _Listed()
    faults: list[Fault] = []
    steps: list[Step] = []
    remaining = {roster.group_definition_id: roster for roster in rosters}
    for index, (enrollment, patient_is_active, new_id) in enumerate(leaving):
        path = path_of(index)
        own_faults = list(listed.faults(enrollment, patient_is_active=patient_is_active, path=path))
        faults += own_faults
        if enrollment is None or own_faults or target is None:
            continue
        try:
            [entering] = enroll(target, new_id, enrollment.patient_id, now, path, waitlist_limit, stay).steps
        except Refusal as refusal:
            faults += (replace(fault, field=path) for fault in refusal.faults)
            continue
        target = _joined(target, entering.after)
        group_id = enrollment.group_definition_id
        remaining[group_id], ended = leave(remaining[group_id], enrollment, reason, now)
        if entering.after.counts_from_start:
            today = local_date(now, remaining[group_id].time_zone)
            ended = _ended_before(ended, entering.after.start_date or today, today, path, faults)
        steps += Step(enrollment, ended, TRANSFERRED, new_id), replace(entering, other_id=enrollment.id)
    if faults or target is None:
        raise Refusal(*faults)
    entered = tuple(step.after for step in steps if step.before is None)
    for group_id in dict.fromkeys(step.after.group_definition_id for step in steps if step.before is not None):
        steps += settle(remaining[group_id], now).steps
    return Transfer(RosterChange(tuple(steps)), entered)


def _ended_before(ended: Enrollment, start: date, today: date, path: FieldPath, faults: list[Fault]) -> Enrollment:
    """Return an enrollment with the last day before another one starts. Add INVALID if it started no earlier."""
    first = ended.start_date or date.max
    if start > today or first > today or ended.enrolled_at is None:
        return ended
    if start <= first:
        message = f"This stay starts on {first}. Name a later start for the other one, or leave it out."
        faults.append(Fault(FaultCode.INVALID, message, path))
    last = start - timedelta(days=1)
    return replace(ended, end_date=min(ended.end_date or last, last))


@dataclass(slots=True)
class _Listed:
    """The enrollments and the patients that come earlier in the list."""

    ids: set[UUID] = field(default_factory=set)
    patient_ids: set[str] = field(default_factory=set)

    def faults(self, enrollment: Enrollment | None, *, patient_is_active: bool, path: FieldPath) -> Iterator[Fault]:
        """Yield why an enrollment cannot be transferred, whichever the other group is, and add it."""
        if enrollment is None:
            yield Fault(FaultCode.NOT_FOUND, "There is no enrollment with this id.", path)
            return
        if enrollment.id in self.ids:
            yield Fault(FaultCode.INVALID, "This enrollment is in the list more than once.", path)
            return
        self.ids.add(enrollment.id)
        if enrollment.status == EnrollmentStatus.DISENROLLED:
            yield Fault(FaultCode.NOT_ACTIVE, "This enrollment has ended.", path)
        elif enrollment.patient_id in self.patient_ids:
            message = "Another enrollment in the list is of the same patient, who can enter the group only once."
            yield Fault(FaultCode.INVALID, message, path)
        else:
            self.patient_ids.add(enrollment.patient_id)
        if not patient_is_active:
            yield inactive_patient(path)


def _joined(roster: Roster, enrollment: Enrollment) -> Roster:
    if enrollment.status == EnrollmentStatus.ENROLLED:
        return replace(roster, seated=(*roster.seated, enrollment))
    return replace(roster, waiting=(*roster.waiting, enrollment))

"""Enrolling patients, taking them off the roster, and everything about the waitlist."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from db.stores.groups import lock_group
from db.stores.references import patient_is_active
from db.stores.rosters import find_enrollment, load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain import roster as rules
from domain.groups import refuse_deleted, refuse_stale
from domain.records import Enrollment, GroupDefinition
from domain.refusal import Fault, FaultCode, Refusal
from domain.roster import Roster, RosterChange
from resolvers.commands.groups import locked_group
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.ids import not_found, parse_id


@dataclass(frozen=True, slots=True)
class EndedEnrollment:
    """An enrollment that ended, and those that were seated in its place."""

    enrollment: Enrollment
    promoted: tuple[Enrollment, ...]


@dataclass(frozen=True, slots=True)
class _Locked:
    group: GroupDefinition
    roster: Roster
    enrollment: Enrollment


async def enroll_patient(context: Context, group_id: str, patient_id: str) -> Enrollment:
    """Seat a patient in a group, or put them on its waitlist.

    Raises:
        Refusal: NOT_FOUND for the group or the patient, GROUP_DELETED, NOT_ACTIVE, ALREADY_ENROLLED, WAITLIST_FULL.
    """
    return await _enroll(context, group_id, patient_id, context.clinic.waitlist_limit)


@transaction
async def _enroll(work: UnitOfWork, group_id: str, patient_id: str, waitlist_limit: int) -> Enrollment:
    # Both ids are told at once where both are wrong.
    faults: list[Fault] = []
    group: GroupDefinition | None = None
    try:
        group = await locked_group(work, group_id, "groupDefinitionId")
        refuse_deleted(group, "groupDefinitionId")
    except Refusal as refusal:
        faults.extend(refusal.faults)
    active = await patient_is_active(work, patient_id)
    if active is None:
        faults.extend(not_found("patient", "patientId").faults)
    elif not active:
        faults.append(
            Fault(
                FaultCode.NOT_ACTIVE,
                "The registry holds this patient as deceased or deactivated.",
                ("input", "patientId"),
            )
        )
    if faults or group is None:
        raise Refusal(*faults, patients=() if active is not False else (patient_id,))
    roster = await load_roster(work, group)
    change = rules.enroll(roster, work.new_id(), patient_id, work.now, ("input", "patientId"), waitlist_limit)
    await save_roster(work, change)
    return change.steps[0].after


@transaction
async def disenroll_patient(
    work: UnitOfWork, enrollment_id: str, reason: str | None = None, expected_version: int | None = None
) -> EndedEnrollment:
    """Take a patient off the roster and seats who is next. Raises Refusal: NOT_FOUND, VERSION_CONFLICT, NOT_ACTIVE."""
    held = await _lock(work, enrollment_id)
    with _disclosing(held.enrollment):
        refuse_stale(held.enrollment.version, expected_version)
        change = rules.disenroll(held.roster, held.enrollment, reason, work.now)
    await save_roster(work, change)
    return _ended(change)


@transaction
async def remove_enrollment(work: UnitOfWork, enrollment_id: str) -> EndedEnrollment:
    """Hide an enrollment made in error and frees its seat. Raises Refusal: NOT_FOUND, NOT_ACTIVE."""
    held = await _lock(work, enrollment_id)
    with _disclosing(held.enrollment):
        change = rules.remove(held.roster, held.enrollment, work.now)
    await save_roster(work, change)
    return _ended(change)


@transaction
async def promote_enrollment(work: UnitOfWork, enrollment_id: str, *, allow_over_capacity: bool = False) -> Enrollment:
    """Seat a waiting patient out of turn.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, AT_CAPACITY, ALREADY_ENROLLED, NOT_ACTIVE.
    """
    held = await _lock(work, enrollment_id)
    with _disclosing(held.enrollment):
        refuse_deleted(held.group, "enrollmentId")
        change = rules.promote(held.roster, held.enrollment, work.now, allow_over_capacity=allow_over_capacity)
    await save_roster(work, change)
    return change.steps[0].after


@transaction
async def move_waitlisted_enrollment(work: UnitOfWork, enrollment_id: str, position: int) -> Enrollment:
    """Move a waiting patient to a position of the queue.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, OUT_OF_RANGE, ALREADY_ENROLLED, NOT_ACTIVE.
    """
    held = await _lock(work, enrollment_id)
    with _disclosing(held.enrollment):
        refuse_deleted(held.group, "enrollmentId")
        change = rules.move(held.roster, held.enrollment, position, work.now)
    await save_roster(work, change)
    return change.steps[0].after if change.steps else held.enrollment


async def _lock(work: UnitOfWork, enrollment_id: str) -> _Locked:
    parsed = parse_id(enrollment_id)
    seen = None if parsed is None else await find_enrollment(work, parsed)
    group = None if seen is None else await lock_group(work, seen.group_definition_id)
    # Only what is read behind the lock is safe to decide on; an enrollment never changes its group.
    enrollment = None if seen is None or group is None else await find_enrollment(work, seen.id)
    if enrollment is None or group is None:
        raise not_found("enrollment", "enrollmentId")
    return _Locked(group, await load_roster(work, group), enrollment)


@contextmanager
def _disclosing(enrollment: Enrollment) -> Iterator[None]:
    """Name the patient in a refusal: it shows that the enrollment exists, and mostly where it stands."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(*refusal.faults, patients=(enrollment.patient_id,)) from None


def _ended(change: RosterChange) -> EndedEnrollment:
    return EndedEnrollment(change.steps[0].after, change.promoted)

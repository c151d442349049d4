"""Enrolling patients, ending enrollments, and changing the waitlist."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import model_validator

from db.stores.references import patient_is_active
from db.stores.rosters import find_ending, find_enrollment, load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain import roster as rules
from domain.groups import refuse_deleted, refuse_stale
from domain.records import Enrollment, GroupDefinition
from domain.refusal import Fault, Refusal
from domain.reinstatement import reinstate
from domain.roster import Roster
from domain.roster_changes import RosterChange
from resolvers.commands.locking import lock_active_group, lock_group_of
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.ids import not_found


@dataclass(frozen=True, slots=True)
class ChangedRoster:
    """The result of a command on a roster.

    Attributes:
        enrollment: The enrollment that the command is about, after it.
        group: The group. None if the first release stored the result as a step: its requests cannot select the group.
        changed: Every enrollment that the command changed, in the order of `RosterChange.changed`.
        promoted: The enrollments that were seated from the waitlist because a seat became free.
    """

    enrollment: Enrollment
    group: GroupDefinition | None = None
    changed: tuple[Enrollment, ...] = ()
    promoted: tuple[Enrollment, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_step(cls, stored: dict[str, Any]) -> dict[str, Any]:
        # The first release stored only the enrollment for some commands.
        return stored if "enrollment" in stored else {"enrollment": stored}


@dataclass(frozen=True, slots=True)
class _LockedEnrollment:
    """An enrollment whose group this transaction has locked, the group, and its roster."""

    enrollment: Enrollment
    group: GroupDefinition
    roster: Roster


async def enroll_patient(context: Context, group_id: str, patient_id: str) -> ChangedRoster:
    """Seat a patient in a group, or put them on its waitlist.

    Raises:
        Refusal: NOT_FOUND for the group or the patient, GROUP_DELETED, NOT_ACTIVE, ALREADY_ENROLLED, WAITLIST_FULL.
    """
    return await _enroll(context, group_id, patient_id, context.clinic.waitlist_limit)


@transaction
async def _enroll(work: UnitOfWork, group_id: str, patient_id: str, waitlist_limit: int) -> ChangedRoster:
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    is_active = await patient_is_active(work, patient_id)
    if is_active is None:
        faults.extend(not_found("patient", "patientId").faults)
    elif not is_active:
        faults.append(rules.inactive_patient(("input", "patientId")))
    if group is None or faults:
        raise Refusal(*faults, patients=[patient_id] if is_active is False else [])
    roster = await load_roster(work, group)
    change = rules.enroll(roster, work.new_id(), patient_id, work.now, ("input", "patientId"), waitlist_limit)
    await save_roster(work, change)
    return ChangedRoster(change.changed[0], group, change.changed)


@transaction
async def disenroll_patient(
    work: UnitOfWork, enrollment_id: str, reason: str | None = None, expected_version: int | None = None
) -> ChangedRoster:
    """Take a patient off the roster and seat who is next.

    Raises:
        Refusal: NOT_FOUND, VERSION_CONFLICT, NOT_ACTIVE, or the faults of the reason.
    """
    async with _lock_enrollment(work, enrollment_id) as locked:
        refuse_stale(locked.enrollment.version, expected_version)
        change = rules.disenroll(locked.roster, locked.enrollment, reason, work.now)
    return await _save(work, locked, change)


@transaction
async def remove_enrollment(work: UnitOfWork, enrollment_id: str) -> ChangedRoster:
    """Hide an enrollment made in error and free its seat. Raise Refusal with NOT_FOUND or NOT_ACTIVE."""
    async with _lock_enrollment(work, enrollment_id) as locked:
        change = rules.remove(locked.roster, locked.enrollment, work.now)
    return await _save(work, locked, change)


async def reinstate_enrollment(
    context: Context, enrollment_id: str, *, allow_over_capacity: bool = False
) -> ChangedRoster:
    """Undo the disenrollment or the removal of an enrollment.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, NOT_ACTIVE, ALREADY_ENROLLED, WAITLIST_FULL.
    """
    limit = context.clinic.waitlist_limit
    return await _reinstate(context, enrollment_id, limit, allow_over_capacity=allow_over_capacity)


@transaction
async def _reinstate(
    work: UnitOfWork, enrollment_id: str, waitlist_limit: int, *, allow_over_capacity: bool
) -> ChangedRoster:
    async with _lock_enrollment(work, enrollment_id) as locked:
        change = reinstate(
            locked.roster,
            locked.enrollment,
            await find_ending(work, locked.enrollment),
            work.now,
            patient_is_active=bool(await patient_is_active(work, locked.enrollment.patient_id)),
            allow_over_capacity=allow_over_capacity,
            waitlist_limit=waitlist_limit,
        )
    return await _save(work, locked, change)


@transaction
async def promote_enrollment(
    work: UnitOfWork, enrollment_id: str, *, allow_over_capacity: bool = False
) -> ChangedRoster:
    """Seat a waiting patient ahead of the queue.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, AT_CAPACITY, ALREADY_ENROLLED, NOT_ACTIVE.
    """
    async with _lock_enrollment(work, enrollment_id) as locked:
        refuse_deleted(locked.group, "enrollmentId")
        change = rules.promote(locked.roster, locked.enrollment, work.now, allow_over_capacity=allow_over_capacity)
    return await _save(work, locked, change)


@transaction
async def move_waitlisted_enrollment(work: UnitOfWork, enrollment_id: str, position: int) -> ChangedRoster:
    """Move a waiting patient to another position of the waitlist.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, OUT_OF_RANGE, ALREADY_ENROLLED, NOT_ACTIVE.
    """
    async with _lock_enrollment(work, enrollment_id) as locked:
        refuse_deleted(locked.group, "enrollmentId")
        change = rules.move(locked.roster, locked.enrollment, position, work.now)
    return await _save(work, locked, change)


@asynccontextmanager
async def _lock_enrollment(work: UnitOfWork, enrollment_id: str) -> AsyncIterator[_LockedEnrollment]:
    """Lock an enrollment's group for the block that decides, and name the patient in its refusals.

    A refusal discloses that the enrollment exists, and mostly its status too.
    """
    enrollment, group = await lock_group_of(work, enrollment_id, find_enrollment, "enrollment", "enrollmentId")
    try:
        yield _LockedEnrollment(enrollment, group, await load_roster(work, group))
    except Refusal as refusal:
        raise Refusal(*refusal.faults, patients=[enrollment.patient_id]) from None


async def _save(work: UnitOfWork, locked: _LockedEnrollment, change: RosterChange) -> ChangedRoster:
    """Store a decision about an enrollment. If it changes nothing, the enrollment stays as it is."""
    await save_roster(work, change)
    enrollment = change.changed[0] if change.changed else locked.enrollment
    return ChangedRoster(enrollment, locked.group, change.changed, change.promoted)

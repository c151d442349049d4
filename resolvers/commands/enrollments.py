"""Enrolling patients, ending enrollments, and changing the waitlist."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import model_validator

from db.stores.references import patient_is_active
from db.stores.rosters import find_ending, find_enrollment, load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain import roster as rules
from domain.conflicts import Conflict
from domain.groups import refuse_deleted, refuse_stale
from domain.records import Enrollment, GroupDefinition
from domain.refusal import Fault, Refusal
from domain.reinstatement import reinstate
from domain.roster import Roster
from domain.roster_changes import RosterChange
from domain.stay_edits import edit_stay
from domain.stays import OPEN_STAY, Stay, stay_faults
from domain.wall_time import local_date
from resolvers.commands.enrollment_conflicts import conflicts_of_enrollments, may_view_conflicts
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
        conflicts: What the new enrollment makes the patient attend at once; empty if it is not measured.
    """

    enrollment: Enrollment
    group: GroupDefinition | None = None
    changed: tuple[Enrollment, ...] = ()
    promoted: tuple[Enrollment, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

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


async def enroll_patient(
    context: Context,
    group_id: str,
    patient_id: str,
    stay: Stay = OPEN_STAY,
    *,
    dry_run: bool = False,
    with_conflicts: bool = False,
) -> ChangedRoster:
    """Seat a patient in a group, or put them on its waitlist.

    Args:
        context: The request.
        group_id: The group.
        patient_id: The patient.
        stay: The days of the stay.
        dry_run: Whether to store nothing.
        with_conflicts: Whether to find the patient's conflicts. Callers who may not view them get none.

    Raises:
        Refusal: NOT_FOUND for the group or the patient, GROUP_DELETED, NOT_ACTIVE, ALREADY_ENROLLED, WAITLIST_FULL,
            and the faults of the stay.
    """
    return await _enroll(
        context,
        group_id,
        patient_id,
        stay,
        context.clinic.waitlist_limit,
        dry_run=dry_run,
        with_conflicts=with_conflicts and may_view_conflicts(context),
    )


@transaction
async def _enroll(
    work: UnitOfWork,
    group_id: str,
    patient_id: str,
    stay: Stay,
    waitlist_limit: int,
    *,
    dry_run: bool,
    with_conflicts: bool,
) -> ChangedRoster:
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    is_active = await patient_is_active(work, patient_id)
    if is_active is None:
        faults.extend(not_found("patient", "patientId").faults)
    elif not is_active:
        faults.append(rules.inactive_patient(("input", "patientId")))
    faults += stay_faults(stay, None if group is None else local_date(work.now, group.time_zone))
    if group is None or faults:
        raise Refusal(*faults, patients=[patient_id] if is_active is False else [])
    roster = await load_roster(work, group)
    change = rules.enroll(roster, work.new_id(), patient_id, work.now, ("input", "patientId"), waitlist_limit, stay)
    await save_roster(work, change)
    [enrollment] = change.changed
    conflicts = await conflicts_of_enrollments(work, group, [enrollment]) if with_conflicts else {}
    if dry_run:
        work.discard()
    return ChangedRoster(enrollment, group, change.changed, conflicts=conflicts.get(patient_id, ()))


@transaction
async def disenroll_patient(
    work: UnitOfWork,
    enrollment_id: str,
    reason: str | None = None,
    expected_version: int | None = None,
    end_date: date | None = None,
) -> ChangedRoster:
    """Take a patient off the roster and seat who is next.

    Raises:
        Refusal: NOT_FOUND, VERSION_CONFLICT, NOT_ACTIVE, or the faults of the reason and the last day.
    """
    async with _lock_enrollment(work, enrollment_id) as locked:
        refuse_stale(locked.enrollment.version, expected_version)
        change = rules.disenroll(locked.roster, locked.enrollment, reason, work.now, end_date)
    return await _save(work, locked, change)


@transaction
async def update_enrollment(
    work: UnitOfWork, enrollment_id: str, edits: Mapping[str, date | None], expected_version: int | None = None
) -> ChangedRoster:
    """Edit the dates of an enrollment. `edits` has the new values of `start_date` and `end_date`.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, NOT_ACTIVE, or the faults of the dates.
    """
    async with _lock_enrollment(work, enrollment_id) as locked:
        refuse_deleted(locked.group, "enrollmentId")
        refuse_stale(locked.enrollment.version, expected_version)
        change = edit_stay(locked.enrollment, edits, local_date(work.now, locked.group.time_zone), work.now)
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

"""Transferring patients to another group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from db.stores.groups import lock_groups
from db.stores.references import inactive_patients
from db.stores.rosters import find_enrollments, load_rosters, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain.conflicts import Conflict
from domain.groups import refuse_deleted
from domain.records import Enrollment, GroupDefinition
from domain.refusal import Fault, Refusal
from domain.stays import Stay, stay_faults
from domain.transfers import Leaving, count_faults, reason_of_transfer, transfer
from domain.wall_time import local_date
from resolvers.commands.enrollment_conflicts import conflicts_of_enrollments, may_view_conflicts
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.ids import not_found, parse_id

_TARGET = "toGroupDefinitionId"


@dataclass(frozen=True, slots=True)
class Transferred:
    """The result of a transfer.

    Attributes:
        entered: The new enrollments in the other group, in the order of the input.
        promoted: The enrollments that were seated from the waitlists because seats became free, group by group.
        conflicts: What the new enrollments make their patients attend at once, by the patient's id. Empty if it is not
            measured.
    """

    entered: tuple[Enrollment, ...]
    promoted: tuple[Enrollment, ...]
    conflicts: Mapping[str, tuple[Conflict, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Locked:
    """The enrollments of a list by their ids, and the locked groups of all of them and of the transfer's target."""

    parsed_ids: Sequence[UUID | None]
    enrollments: dict[UUID, Enrollment]
    groups: dict[UUID, GroupDefinition]

    @property
    def listed(self) -> list[Enrollment | None]:
        """The enrollments in the order of the list; None for one that the organization does not have."""
        return [None if parsed is None else self.enrollments.get(parsed) for parsed in self.parsed_ids]


async def transfer_enrollments(
    context: Context,
    enrollment_ids: Sequence[str],
    to_group_id: str,
    reason: str | None = None,
    start_date: date | None = None,
    *,
    dry_run: bool = False,
    with_conflicts: bool = False,
) -> Transferred:
    """End enrollments and enroll their patients in another group, all of them or none.

    Args:
        context: The request.
        enrollment_ids: The enrollments that end.
        to_group_id: The group that the patients enter.
        reason: Why.
        start_date: The first day in that group. None for the day on which the seat is given.
        dry_run: Whether to store nothing.
        with_conflicts: Whether to find the patients' conflicts. Callers who may not view them get none.

    Raises:
        Refusal: With every fault of the list, of the group, of the reason, of the start, and of each enrollment.
    """
    limit = context.clinic.waitlist_limit
    return await _transfer(
        context,
        tuple(enrollment_ids),
        to_group_id,
        reason,
        Stay(start_date),
        limit,
        dry_run=dry_run,
        with_conflicts=with_conflicts and may_view_conflicts(context),
    )


@transaction
async def _transfer(
    work: UnitOfWork,
    enrollment_ids: tuple[str, ...],
    to_group_id: str,
    reason: str | None,
    stay: Stay,
    waitlist_limit: int,
    *,
    dry_run: bool,
    with_conflicts: bool,
) -> Transferred:
    faults = count_faults(enrollment_ids)
    locked = await _lock(work, () if faults else enrollment_ids, parse_id(to_group_id))
    text = reason_of_transfer(reason, faults)
    target = _target(locked, parse_id(to_group_id), faults)
    faults += stay_faults(stay, None if target is None else local_date(work.now, target.time_zone))
    patients = {enrollment.patient_id for enrollment in locked.enrollments.values()}
    inactive = await inactive_patients(work, patients)
    rosters = {roster.group_definition_id: roster for roster in await load_rosters(work, locked.groups.values())}
    leaving = [
        Leaving(enrollment, enrollment is None or enrollment.patient_id not in inactive, work.new_id())
        for enrollment in locked.listed
    ]
    try:
        roster = None if target is None else rosters[target.id]
        decision = transfer(leaving, rosters.values(), roster, text, work.now, waitlist_limit, stay)
    except Refusal as refusal:
        faults.extend(refusal.faults)
    if target is None or faults:
        # The refusal tells of each enrollment whether it could be transferred.
        raise Refusal(*faults, patients=patients)
    await save_roster(work, decision.change)
    # The stays that end are stored, so their sessions clash with nothing.
    conflicts = await conflicts_of_enrollments(work, target, decision.entered) if with_conflicts else {}
    if dry_run:
        work.discard()
    return Transferred(decision.entered, decision.change.promoted, conflicts)


async def _lock(work: UnitOfWork, enrollment_ids: Sequence[str], target_id: UUID | None) -> _Locked:
    parsed_ids = [parse_id(text) for text in enrollment_ids]
    unlocked = await find_enrollments(work, {parsed for parsed in parsed_ids if parsed is not None})
    group_ids = {enrollment.group_definition_id for enrollment in unlocked.values()}
    groups = await lock_groups(work, group_ids if target_id is None else {*group_ids, target_id})
    # The enrollments may have changed before the lock, so they are read again. Their groups never change.
    return _Locked(parsed_ids, await find_enrollments(work, unlocked.keys()), groups)


def _target(locked: _Locked, target_id: UUID | None, faults: list[Fault]) -> GroupDefinition | None:
    """Return the group to enter. Otherwise add NOT_FOUND or GROUP_DELETED to the faults."""
    target = None if target_id is None else locked.groups.get(target_id)
    try:
        if target is None:
            raise not_found("group", _TARGET)
        refuse_deleted(target, _TARGET)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None
    return target

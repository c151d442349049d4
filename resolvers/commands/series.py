"""The sessions of a group's recurrence: generating them, and reconciling the calendar with the definition."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from db.stores.closures import load_closures
from db.stores.references import find_references
from db.stores.sessions import load_calendar, save_sessions
from db.transactions.unit_of_work import UnitOfWork
from domain.calendar_changes import CalendarChanges, OccurrenceAction, in_order
from domain.closures import closed_days
from domain.plan import Plan, plan_sessions, recurrence_faults, window_faults
from domain.reconciliation import (
    Decision,
    additions,
    as_occurrence_change,
    cancellation_reason,
    carry_out,
    difference,
    refuse_without_reason,
)
from domain.records import GroupDefinition, Occurrence
from domain.refusal import Fault, Refusal
from domain.session_changes import SessionChange
from domain.wall_time import local_date
from resolvers.caller import PermissionKey
from resolvers.commands.locking import lock_active_group
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.errors import PermissionDenied

_DECIDED_AT_ONCE: Final = 100
"""How many sessions are decided before other requests get the event loop. Two years of them would hold it too long."""

_FURTHER_KEYS: Final = {
    OccurrenceAction.CREATE: PermissionKey.GROUP_SCHEDULE_CREATE,
    OccurrenceAction.CANCEL: PermissionKey.GROUP_SCHEDULE_DELETE,
}
"""The keys that reconciling needs besides its own, if it creates or cancels sessions."""


@dataclass(frozen=True, slots=True)
class GeneratedSessions:
    """The new sessions, how many slots had one already, and the days of the recurrence that closures cost."""

    sessions: tuple[Occurrence, ...]
    skipped: int
    closed_dates: tuple[date, ...] = ()


@transaction
async def generate_occurrences(
    work: UnitOfWork, group_id: str, from_date: date, through_date: date, *, dry_run: bool = False
) -> GeneratedSessions:
    """Schedule the missing sessions of a group's plan for a window of at most 24 months, both days included.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, OUT_OF_RANGE for the window, INVALID_RECURRENCE_RULE without a recurrence.
    """
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    faults.extend(window_faults(from_date, through_date))
    faults.extend([] if group is None else recurrence_faults(group))
    if group is None or faults:
        raise Refusal(*faults)
    plan = await _plan(work, group, from_date, through_date)
    sessions = await load_calendar(work, group.id, from_date, through_date)
    changes = await _carry_out(work, group, additions(plan, sessions))
    if dry_run:
        work.discard()
    new = tuple(change.after for change in changes if change is not None)
    return GeneratedSessions(new, len(plan.sessions) - len(new), plan.closed_dates)


async def reconcile_occurrences(
    context: Context,
    group_id: str,
    from_date: date,
    through_date: date,
    reason: str | None = None,
    *,
    include_edited: bool = False,
    dry_run: bool = False,
) -> CalendarChanges:
    """Bring the future sessions of a group to its plan for a window of at most 24 months, both days included.

    Args:
        context: The request.
        group_id: The group.
        from_date: The first day, today or later in the group's time zone.
        through_date: The last day.
        reason: Why sessions that the plan does not have are cancelled. Required if there are any.
        include_edited: Whether sessions that were edited by hand return to the plan too.
        dry_run: Whether to store nothing.

    Raises:
        PermissionDenied: The caller may not create or cancel sessions, and some would be.
        Refusal: NOT_FOUND, GROUP_DELETED, OUT_OF_RANGE for the window, REQUIRED, INVALID or OUT_OF_RANGE for the
            reason.
    """
    return await _reconcile(
        context,
        group_id,
        from_date,
        through_date,
        reason,
        context.caller.permissions,
        include_edited=include_edited,
        dry_run=dry_run,
    )


@transaction
async def _reconcile(
    work: UnitOfWork,
    group_id: str,
    from_date: date,
    through_date: date,
    reason: str | None,
    permissions: frozenset[PermissionKey],
    *,
    include_edited: bool,
    dry_run: bool,
) -> CalendarChanges:
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    today = None if group is None else local_date(work.now, group.time_zone)
    faults.extend(window_faults(from_date, through_date, today))
    reason = cancellation_reason(reason, faults)
    if group is None or faults:
        raise Refusal(*faults)
    plan = await _plan(work, group, from_date, through_date)
    sessions = await load_calendar(work, group.id, from_date, through_date)
    decisions = difference(plan, sessions, work.now, include_edited=include_edited)
    _require_keys(decisions, permissions)
    refuse_without_reason(decisions, reason)
    changes = await _carry_out(work, group, decisions, reason)
    if dry_run:
        work.discard()
    return in_order(
        as_occurrence_change(decision, change, dry_run=dry_run)
        for decision, change in zip(decisions, changes, strict=True)
    )


async def _plan(work: UnitOfWork, group: GroupDefinition, from_date: date, through_date: date) -> Plan:
    closures = await load_closures(work, from_date, through_date)
    location = None
    if closures and group.location_id is not None:
        location = (await find_references(work, (), group.location_id)).locations[group.location_id]
    return plan_sessions(group, closed_days(closures, location, from_date, through_date), from_date, through_date)


def _require_keys(decisions: Iterable[Decision], permissions: frozenset[PermissionKey]) -> None:
    """Raise PermissionDenied if a decision needs a key that the caller lacks."""
    actions = {decision.action for decision in decisions}
    for action, key in _FURTHER_KEYS.items():
        if action in actions and key not in permissions:
            raise PermissionDenied(key)


async def _carry_out(
    work: UnitOfWork, group: GroupDefinition, decisions: Iterable[Decision], reason: str | None = None
) -> list[SessionChange | None]:
    """Carry out decisions and store their changes. Return the change of each, None if there is none."""
    changes: list[SessionChange | None] = []
    for number, change in enumerate(carry_out(decisions, group.id, work.new_id, reason, work.now), 1):
        changes.append(change)
        if number % _DECIDED_AT_ONCE == 0:
            await asyncio.sleep(0)
    await save_sessions(work, [change for change in changes if change is not None])
    return changes

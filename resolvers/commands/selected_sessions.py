"""Changing many selected sessions, of one group or several, all of them or none.

A command with `dry_run` decides and stores as ever, and then discards its unit of work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from db.queries.sessions import SessionFilter, find_sessions, select_sessions
from db.stores.groups import lock_group, lock_groups
from db.stores.references import find_references, locations_within
from db.stores.sessions import live_slots, save_sessions
from db.transactions.unit_of_work import UnitOfWork
from domain.calendar_changes import CalendarChanges, in_order
from domain.records import GroupDefinition, Occurrence
from domain.references import References
from domain.refusal import Fault, FaultCode, refuse_if_any
from domain.selected_sessions import Decisions, SelectedEdit, cancel_selected, moved
from domain.session_changes import SessionChange
from domain.session_selection import MAX_SELECTED, SELECTION, SessionSelection
from domain.sessions import reason_text
from domain.texts import is_storable
from resolvers.commands.transaction import transaction
from resolvers.ids import parse_id

_DECIDED_AT_ONCE: Final = 100
"""How many sessions are decided before other requests get the event loop."""
_UNKNOWN_GROUP: Final = Fault(FaultCode.NOT_FOUND, "There is no group with this id.", (*SELECTION, "groupDefinitionId"))


@dataclass(frozen=True, slots=True)
class _Selected:
    """The sessions of a selection, their locked groups, and the faults of the selection."""

    sessions: Sequence[Occurrence] = ()
    groups: Mapping[UUID, GroupDefinition] = field(default_factory=dict)
    faults: Sequence[Fault] = ()


@transaction
async def update_occurrences(
    work: UnitOfWork, selection: SessionSelection, edit: SelectedEdit, *, dry_run: bool = False
) -> CalendarChanges:
    """Edit the selected sessions.

    Raises:
        Refusal: With every fault of the selection, of the edit, and of the edited sessions.
    """
    selected = await _lock_selected(work, selection)
    references = await _references(work, selection, selected.sessions, edit.edits)
    faults = [*selected.faults, *selection.reference_faults(references), *edit.faults(references)]
    decisions = Decisions(selection, work.now, faults)

    def change_of(session: Occurrence) -> SessionChange:
        group = selected.groups[session.group_definition_id]
        return edit.apply(session, group, selection.facilitator_id, references, work.now)

    await _decide(decisions, selected.sessions, change_of)
    await _add_duplicates(work, decisions, edit)
    return await _saved(work, decisions, dry_run=dry_run)


@transaction
async def cancel_occurrences(
    work: UnitOfWork, selection: SessionSelection, reason: str, *, dry_run: bool = False
) -> CalendarChanges:
    """Cancel the selected sessions, also those of deleted groups.

    Raises:
        Refusal: With every fault of the selection, of the reason, and of the sessions.
    """
    selected = await _lock_selected(work, selection)
    references = await _references(work, selection, (), {})
    faults = [*selected.faults, *selection.reference_faults(references)]
    text = reason_text(reason, ("input", "reason"), faults)
    decisions = Decisions(selection, work.now, faults)
    await _decide(decisions, selected.sessions, lambda session: cancel_selected(session, text, work.now))
    return await _saved(work, decisions, dry_run=dry_run)


async def _lock_selected(work: UnitOfWork, selection: SessionSelection) -> _Selected:
    if faults := selection.faults():
        return _Selected(faults=[*faults, *await _unknown_group(work, selection)])
    find = await _finder(work, selection)
    unlocked = await find()
    if faults := _too_many(unlocked):
        return _Selected(faults=faults)
    group_ids = {session.group_definition_id for session in unlocked}
    named_group = None if selection.group_id is None else parse_id(selection.group_id)
    groups = await lock_groups(work, group_ids if named_group is None else {*group_ids, named_group})
    if selection.group_id is not None and named_group not in groups:
        return _Selected(faults=[_UNKNOWN_GROUP])
    # The sessions may have changed before the lock, so they are read again. If another group has got one that matches
    # meanwhile, this change counts as earlier: it has not read anything of that group.
    sessions = [session for session in await find() if session.group_definition_id in groups]
    return _Selected(sessions, groups, _too_many(sessions) or selection.missing_ids(sessions))


async def _unknown_group(work: UnitOfWork, selection: SessionSelection) -> list[Fault]:
    """Return NOT_FOUND if the selection names a group that the organization does not have."""
    if selection.group_id is None:
        return []
    group_id = parse_id(selection.group_id)
    is_known = group_id is not None and await lock_group(work, group_id) is not None
    return [] if is_known else [_UNKNOWN_GROUP]


async def _finder(work: UnitOfWork, selection: SessionSelection) -> Callable[[], Awaitable[list[Occurrence]]]:
    """Return a function that reads the selected sessions by date and time, and one more than the maximum if it can."""
    if selection.ids is not None:
        ids = [parsed for text in selection.ids if (parsed := parse_id(text)) is not None]
        return lambda: find_sessions(work, ids)
    group_id = None if selection.group_id is None else parse_id(selection.group_id)
    if (selection.group_id is not None and group_id is None) or not is_storable(selection.facilitator_id or ""):
        return _find_nothing
    location_id = selection.location_id
    session_filter = SessionFilter(
        from_date=selection.from_date,
        through_date=selection.through_date,
        group_id=group_id,
        facilitator_id=selection.facilitator_id,
        location_ids=None if location_id is None else await locations_within(work, location_id),
        days=selection.days(),
    )
    return lambda: select_sessions(work, session_filter, MAX_SELECTED)


async def _find_nothing() -> list[Occurrence]:
    """Find no session for an id that no record can have."""
    return []


def _too_many(sessions: Sequence[Occurrence]) -> list[Fault]:
    if len(sessions) <= MAX_SELECTED:
        return []
    message = f"The selection has more than {MAX_SELECTED:,} sessions, which is the maximum. Select fewer days."
    return [Fault(FaultCode.OUT_OF_RANGE, message, SELECTION)]


async def _references(
    work: UnitOfWork, selection: SessionSelection, sessions: Sequence[Occurrence], edits: Mapping[str, object]
) -> References:
    """Return those of the staff and locations that exist: of the selection, of its sessions, and of the edit."""
    staff_ids = {selection.facilitator_id, edits.get("facilitator_id"), edits.get("co_facilitator_id")}
    location_ids = {selection.location_id, edits.get("location_id")}
    for session in sessions:
        staff_ids |= {session.facilitator_id, session.co_facilitator_id}
        location_ids.add(session.location_id)
    return await find_references(work, _texts(staff_ids), *_texts(location_ids))


def _texts(values: set[object]) -> list[str]:
    return sorted(value for value in values if isinstance(value, str))


async def _decide(
    decisions: Decisions, sessions: Sequence[Occurrence], change_of: Callable[[Occurrence], SessionChange]
) -> None:
    for number, session in enumerate(sessions, 1):
        decisions.decide(session, change_of)
        if number % _DECIDED_AT_ONCE == 0:
            await asyncio.sleep(0)


async def _add_duplicates(work: UnitOfWork, decisions: Decisions, edit: SelectedEdit) -> None:
    sessions = [change.after for change in moved(decisions.changes)]
    if sessions:
        changed = {change.after.id for change in decisions.changes}
        slots = await live_slots(work, sessions)
        occupied = {slot for session_id, slot in slots if session_id not in changed}
        decisions.add_duplicates(occupied, edit.moving_field)


async def _saved(work: UnitOfWork, decisions: Decisions, *, dry_run: bool) -> CalendarChanges:
    refuse_if_any(decisions.faults())
    await save_sessions(work, decisions.changes)
    if dry_run:
        work.discard()
    return in_order(decisions.entries)

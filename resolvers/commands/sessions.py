"""Putting sessions on the calendar, moving and cancelling them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from db.stores.groups import lock_group
from db.stores.references import find_references
from db.stores.sessions import find_session, insert_sessions, slot_is_taken, taken_slots, update_session
from db.transactions.unit_of_work import UnitOfWork
from domain import sessions as rules
from domain.generation import schedule_slot, slots, window_faults
from domain.groups import refuse_deleted, refuse_stale
from domain.records import GroupDefinition, Occurrence
from domain.refusal import Refusal, refuse_if_any
from resolvers.commands.groups import locked_group, references_of
from resolvers.commands.transaction import transaction
from resolvers.ids import not_found, parse_id

_FILLED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class GeneratedSessions:
    """The sessions that were made, and how many slots existed already."""

    sessions: tuple[Occurrence, ...]
    skipped: int


@transaction
async def create_occurrence(
    work: UnitOfWork,
    group_id: str,
    session_date: date,
    start_time: time,
    end_time: time | None = None,
    staff_and_place: Mapping[str, object] | None = None,
) -> Occurrence:
    """Schedule one session of a group.

    Args:
        work: The transaction.
        group_id: The group.
        session_date: Local date.
        start_time: Local wall-clock time.
        end_time: Local wall-clock time; by default the group's duration after the start.
        staff_and_place: facilitator_id, co_facilitator_id, location_id; one left out is the group's, None is none.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, DUPLICATE_OCCURRENCE, or every fault of the session.
    """
    typed = staff_and_place or {}
    try:
        group = await _live_group(work, group_id)
    except Refusal as refusal:
        draft = rules.draft_for(None, session_date, start_time, end_time, typed)
        references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
        raise Refusal(*refusal.faults, *rules.faults_without_group(draft, references)) from None
    draft = rules.draft_for(group, session_date, start_time, end_time, typed)
    references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
    change = rules.schedule(group, draft, references, work.new_id(), work.now)
    if await slot_is_taken(work, change.after):
        raise rules.duplicate("startTime")
    await insert_sessions(work, [change.after])
    work.record(change.events, change.history)
    return change.after


@transaction
async def generate_occurrences(
    work: UnitOfWork, group_id: str, from_date: date, through_date: date
) -> GeneratedSessions:
    """Schedule what is missing of a group's recurrence in a window of at most 24 months, both days included.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, OUT_OF_RANGE for the window, INVALID_RECURRENCE_RULE without a recurrence.
    """
    faults = window_faults(from_date, through_date)
    try:
        group = await _live_group(work, group_id)
    except Refusal as refusal:
        raise Refusal(*refusal.faults, *faults) from None
    refuse_if_any(faults)
    references = await find_references(work, (group.facilitator_id, group.co_facilitator_id), group.location_id)
    taken = await taken_slots(work, group.id, from_date, through_date)
    all_slots = slots(group, from_date, through_date)
    free = [slot for slot in all_slots if slot not in taken]
    made: list[rules.SessionChange] = []
    for number, slot in enumerate(free, 1):
        made.append(schedule_slot(group, slot, references, work.new_id(), work.now))
        if number % _FILLED_AT_ONCE == 0:  # two years of days would hold the event loop for too long
            await asyncio.sleep(0)
    await insert_sessions(work, [change.after for change in made])
    for change in made:
        work.record(change.events, change.history)
    return GeneratedSessions(tuple(change.after for change in made), len(all_slots) - len(free))


@transaction
async def update_occurrence(
    work: UnitOfWork, session_id: str, edits: Mapping[str, object], expected_version: int | None = None
) -> Occurrence:
    """Edit a session by SessionDraft's field names.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, OCCURRENCE_CANCELLED, OCCURRENCE_COMPLETED,
            DUPLICATE_OCCURRENCE, or every fault of the edited session.
    """
    session, group = await _locked_session(work, session_id)
    refuse_stale(session.version, expected_version)
    refuse_deleted(group, "id")
    references = await references_of(work, session, edits)
    change = rules.edit(session, edits, references, group.duration_minutes, work.now)
    if await slot_is_taken(work, change.after):
        raise rules.duplicate("startTime" if "start_time" in edits else "sessionDate")
    if change.history:
        await update_session(work, change.after)
        work.record(change.events, change.history)
    return change.after


@transaction
async def cancel_occurrence(
    work: UnitOfWork, session_id: str, reason: str, expected_version: int | None = None
) -> Occurrence:
    """Cancel a session, in a deleted group too, since someone may still expect it.

    Raises:
        Refusal: NOT_FOUND, VERSION_CONFLICT, REQUIRED for a blank reason, OCCURRENCE_CANCELLED, OCCURRENCE_COMPLETED.
    """
    session, _group = await _locked_session(work, session_id)
    refuse_stale(session.version, expected_version)
    change = rules.cancel(session, reason, work.now)
    await update_session(work, change.after)
    work.record(change.events, change.history)
    return change.after


@transaction
async def complete_occurrence(work: UnitOfWork, session_id: str) -> Occurrence:
    """Mark a session as documented, once however often it is asked, in a deleted group too.

    Raises:
        Refusal: NOT_FOUND, OCCURRENCE_CANCELLED.
    """
    session, _group = await _locked_session(work, session_id)
    change = rules.complete(session, work.now)
    if change.history:
        await update_session(work, change.after)
        work.record(change.events, change.history)
    return change.after


async def _live_group(work: UnitOfWork, group_id: str) -> GroupDefinition:
    group = await locked_group(work, group_id, "groupDefinitionId")
    refuse_deleted(group, "groupDefinitionId")
    return group


async def _locked_session(work: UnitOfWork, session_id: str) -> tuple[Occurrence, GroupDefinition]:
    parsed = parse_id(session_id)
    seen = None if parsed is None else await find_session(work, parsed)
    group = None if seen is None else await lock_group(work, seen.group_definition_id)
    # Only what is read behind the lock is safe to decide on; a session never changes its group.
    session = None if seen is None or group is None else await find_session(work, seen.id)
    if session is None or group is None:
        raise not_found("session", "id")
    return session, group

"""Scheduling sessions, editing, cancelling, completing and reopening them.

A command with `dry_run` decides and stores as ever, and then discards its unit of work.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from db.stores.references import find_references
from db.stores.sessions import find_session, recurrence_date_is_taken, save_sessions, slot_is_taken
from db.transactions.unit_of_work import UnitOfWork
from domain import sessions as rules
from domain.groups import refuse_deleted, refuse_stale
from domain.records import GroupDefinition, Occurrence
from domain.references import References
from domain.refusal import Fault, Refusal
from domain.session_changes import SessionChange
from domain.session_drafts import draft_for, edit_faults, faults_without_group
from resolvers.commands.groups import find_edited_references
from resolvers.commands.locking import lock_active_group, lock_group_of
from resolvers.commands.transaction import transaction


@transaction
async def create_occurrence(
    work: UnitOfWork,
    group_id: str,
    session_date: date,
    start_time: time,
    end_time: time | None = None,
    staff_and_place: Mapping[str, object] | None = None,
    *,
    dry_run: bool = False,
) -> Occurrence:
    """Schedule one session of a group.

    Args:
        work: The transaction.
        group_id: The group.
        session_date: Local date.
        start_time: Local wall-clock time.
        end_time: Local wall-clock time; by default the group's duration after the start.
        staff_and_place: facilitator_id, co_facilitator_id and location_id. If one is missing, the group's is used;
            None means none.
        dry_run: Whether to store nothing.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, DUPLICATE_OCCURRENCE, or every fault of the session.
    """
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    draft = draft_for(group, session_date, start_time, end_time, staff_and_place or {})
    references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
    if group is None:
        raise Refusal(*faults, *faults_without_group(draft, references))
    change = rules.schedule(group, draft, references, work.new_id(), work.now)
    if await slot_is_taken(work, change.after):
        raise rules.duplicate("startTime")
    return await _saved(work, change, dry_run=dry_run)


@transaction
async def update_occurrence(
    work: UnitOfWork,
    session_id: str,
    edits: Mapping[str, object],
    expected_version: int | None = None,
    *,
    dry_run: bool = False,
) -> Occurrence:
    """Edit a session. `edits` has the new values, by SessionDraft's field names.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, with every
            fault that the edits have for any session; DUPLICATE_OCCURRENCE; or every fault of the edited session.
    """
    try:
        session, group = await _lock_session(work, session_id)
        refuse_stale(session.version, expected_version)
        refuse_deleted(group, "id")
        rules.refuse_ended(session)
    except Refusal as refusal:
        raise Refusal(*refusal.faults, *edit_faults(edits, await _references(work, edits))) from refusal
    references = await find_edited_references(work, session, edits)
    change = rules.edit(session, edits, references, group.duration_minutes, work.now)
    if await slot_is_taken(work, change.after):
        raise rules.duplicate("startTime" if "start_time" in edits else "sessionDate")
    return await _saved(work, change, dry_run=dry_run)


@transaction
async def cancel_occurrence(
    work: UnitOfWork, session_id: str, reason: str, expected_version: int | None = None, *, dry_run: bool = False
) -> Occurrence:
    """Cancel a session, also of a deleted group, since someone may still expect it.

    Raises:
        Refusal: NOT_FOUND, VERSION_CONFLICT, OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, and REQUIRED, INVALID or
            OUT_OF_RANGE for the reason.
    """
    reason_faults: list[Fault] = []
    rules.reason_text(reason, ("input", "reason"), reason_faults)
    try:
        session, _group = await _lock_session(work, session_id)
        refuse_stale(session.version, expected_version)
    except Refusal as refusal:
        raise Refusal(*refusal.faults, *reason_faults) from refusal
    return await _saved(work, rules.cancel(session, reason, work.now), dry_run=dry_run)


@transaction
async def reopen_occurrence(
    work: UnitOfWork, session_id: str, expected_version: int | None = None, *, dry_run: bool = False
) -> Occurrence:
    """Schedule a cancelled or completed session again, if no other session has taken its slot.

    Raises:
        Refusal: NOT_FOUND, VERSION_CONFLICT, GROUP_DELETED, INVALID if it is scheduled, DUPLICATE_OCCURRENCE.
    """
    session, group = await _lock_session(work, session_id)
    refuse_stale(session.version, expected_version)
    refuse_deleted(group, "id")
    change = rules.reopen(session, work.now)
    if await slot_is_taken(work, change.after):
        raise rules.duplicate("id")
    if await recurrence_date_is_taken(work, change.after):
        raise rules.duplicate_recurrence_date("id")
    return await _saved(work, change, dry_run=dry_run)


@transaction
async def complete_occurrence(work: UnitOfWork, session_id: str) -> Occurrence:
    """Mark a session as documented, also of a deleted group. A completed session stays as it is.

    Raises:
        NotStarted: If it begins in more than 15 minutes.
        Refusal: NOT_FOUND, OCCURRENCE_CANCELLED.
    """
    session, _group = await _lock_session(work, session_id)
    return await _saved(work, rules.complete(session, work.now))


async def _saved(work: UnitOfWork, change: SessionChange, *, dry_run: bool = False) -> Occurrence:
    await save_sessions(work, [change])
    if dry_run:
        work.discard()
    return change.after


async def _references(work: UnitOfWork, edits: Mapping[str, Any]) -> References:
    """Return those of the staff and the location of the edits that the organization has."""
    return await find_references(
        work, (edits.get("facilitator_id"), edits.get("co_facilitator_id")), edits.get("location_id")
    )


async def _lock_session(work: UnitOfWork, session_id: str) -> tuple[Occurrence, GroupDefinition]:
    return await lock_group_of(work, session_id, find_session, "session", "id")

"""Creating, editing, deleting and restoring groups."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import model_validator

from db.stores.groups import insert_group, update_group
from db.stores.references import find_references
from db.stores.rosters import load_roster, save_roster
from db.stores.sessions import save_sessions, sessions_ahead
from db.transactions.unit_of_work import UnitOfWork
from domain import groups as rules
from domain.groups import ClinicDefaults, GroupChange, GroupDraft
from domain.records import Enrollment, GroupDefinition, Occurrence
from domain.references import References
from domain.refusal import Fault, Refusal, refuse_if_any
from domain.roster import settle
from domain.session_changes import SessionChange
from domain.sessions import cancel_for, reason_text
from resolvers.commands.locking import lock_known_group
from resolvers.commands.transaction import transaction
from resolvers.context import Context

_CANCELLATION_REASON: Final = ("input", "cancellationReason")
_CANCELLED_AT_ONCE: Final = 100
"""How many sessions are cancelled before other requests get the event loop."""


@dataclass(frozen=True, slots=True)
class EditedGroup:
    """A group after an edit, or after it was restored.

    Attributes:
        group: The group.
        promoted: The enrollments that the change seated from the waitlist.
        changed: Every enrollment that changed, in the order of `RosterChange.changed`. Empty if the first release
            stored the result as a step: its requests cannot select them.
    """

    group: GroupDefinition
    promoted: tuple[Enrollment, ...] = ()
    changed: tuple[Enrollment, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletedGroup:
    """A deleted group, and how many of its sessions were cancelled with it."""

    group: GroupDefinition
    cancelled_sessions: int = 0

    @model_validator(mode="before")
    @classmethod
    def _read_step(cls, stored: dict[str, Any]) -> dict[str, Any]:
        # The first release stored only the group.
        return stored if "group" in stored else {"group": stored}


async def create_group(context: Context, draft: GroupDraft) -> GroupDefinition:
    """Create a group. Raise Refusal with every fault of the draft."""
    return await _create(context, draft, context.clinic.defaults)


@transaction
async def _create(work: UnitOfWork, draft: GroupDraft, defaults: ClinicDefaults) -> GroupDefinition:
    references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
    change = rules.define(draft, references, defaults, work.new_id(), work.now)
    await insert_group(work, change)
    return change.group


async def update_group_definition(
    context: Context, group_id: str, edits: Mapping[str, object], expected_version: int | None = None
) -> EditedGroup:
    """Edit a group, and seat waiting patients if the capacity was raised.

    Args:
        context: The request.
        group_id: The group.
        edits: The new values, by GroupDraft's field names.
        expected_version: The version that the caller has seen; None for any.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, or every fault of the edited group.
    """
    return await _edit(context, group_id, edits, expected_version, context.clinic.defaults)


@transaction
async def _edit(
    work: UnitOfWork, group_id: str, edits: Mapping[str, object], expected_version: int | None, defaults: ClinicDefaults
) -> EditedGroup:
    group = await lock_known_group(work, group_id, "id")
    rules.refuse_deleted(group, "id")
    rules.refuse_stale(group.version, expected_version)
    references = await find_edited_references(work, group, edits)
    change = rules.edit(group, edits, references, defaults, work.now)
    await update_group(work, change)
    if change.group.max_capacity <= group.max_capacity:
        return EditedGroup(change.group)
    return await _settle_roster(work, change.group)


@transaction
async def delete_group(
    work: UnitOfWork,
    group_id: str,
    expected_version: int | None = None,
    *,
    cancel_sessions: bool = False,
    cancellation_reason: str | None = None,
) -> DeletedGroup:
    """Delete a group softly.

    Args:
        work: The transaction.
        group_id: The group.
        expected_version: The version that the caller has seen; None for any.
        cancel_sessions: Whether to cancel its scheduled sessions that have not begun.
        cancellation_reason: Why they are cancelled. Required with `cancel_sessions`, otherwise ignored.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, and REQUIRED, INVALID or OUT_OF_RANGE for the reason.
    """
    faults: list[Fault] = []
    reason = reason_text(cancellation_reason, _CANCELLATION_REASON, faults) if cancel_sessions else None
    change = await _change_group(work, group_id, expected_version, rules.delete, faults)
    await update_group(work, change)
    sessions = 0 if reason is None else await _cancel_sessions_ahead(work, change.group, reason)
    return DeletedGroup(change.group, sessions)


@transaction
async def restore_group(work: UnitOfWork, group_id: str, expected_version: int | None = None) -> EditedGroup:
    """Restore a deleted group, and give its free seats to waiting patients. Cancelled sessions stay cancelled.

    Raises:
        Refusal: NOT_FOUND, INVALID if the group is not deleted, VERSION_CONFLICT.
    """
    change = await _change_group(work, group_id, expected_version, rules.restore, [])
    await update_group(work, change)
    return await _settle_roster(work, change.group)


async def find_edited_references(
    work: UnitOfWork, record: GroupDefinition | Occurrence, edits: Mapping[str, Any]
) -> References:
    """Return those of the staff and the location of an edited group or session that the organization has."""
    facilitator_id, co_facilitator_id, location_id = (
        edits.get(name, getattr(record, name)) for name in ("facilitator_id", "co_facilitator_id", "location_id")
    )
    return await find_references(work, (facilitator_id, co_facilitator_id), location_id)


async def _change_group(
    work: UnitOfWork,
    group_id: str,
    expected_version: int | None,
    decide: Callable[[GroupDefinition, datetime], GroupChange],
    faults: list[Fault],
) -> GroupChange:
    """Lock a group and return a decision about it. Raise Refusal with its faults and those that are given."""
    try:
        group = await lock_known_group(work, group_id, "id")
        change = decide(group, work.now)
        rules.refuse_stale(group.version, expected_version)
    except Refusal as refusal:
        raise Refusal(*refusal.faults, *faults) from None
    refuse_if_any(faults)
    return change


async def _settle_roster(work: UnitOfWork, group: GroupDefinition) -> EditedGroup:
    settled = settle(await load_roster(work, group), work.now)
    await save_roster(work, settled)
    return EditedGroup(group, settled.promoted, settled.changed)


async def _cancel_sessions_ahead(work: UnitOfWork, group: GroupDefinition, reason: str) -> int:
    changes: list[SessionChange] = []
    for number, session in enumerate(await sessions_ahead(work, group.id), 1):
        changes.append(cancel_for(session, reason, work.now))
        if number % _CANCELLED_AT_ONCE == 0:
            await asyncio.sleep(0)
    await save_sessions(work, changes)
    return len(changes)

"""Defining, editing and deleting groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.stores.groups import insert_group, lock_group, update_group
from db.stores.references import find_references
from db.stores.rosters import load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain import groups as rules
from domain.groups import GroupDraft
from domain.records import Enrollment, GroupDefinition, Occurrence
from domain.references import References
from domain.roster import settle
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.ids import not_found, parse_id


@dataclass(frozen=True, slots=True)
class EditedGroup:
    """A group after an edit, and the enrollments that a higher capacity seated."""

    group: GroupDefinition
    promoted: tuple[Enrollment, ...]


async def create_group(context: Context, draft: GroupDraft) -> GroupDefinition:
    """Define a new group. Raise Refusal with every fault of the draft."""
    return await _create(context, draft, context.clinic.default_time_zone)


@transaction
async def _create(work: UnitOfWork, draft: GroupDraft, default_time_zone: str) -> GroupDefinition:
    references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
    change = rules.define(draft, references, default_time_zone, work.new_id(), work.now)
    await insert_group(work, change.group)
    work.record((), change.history)
    return change.group


async def update_group_definition(
    context: Context, group_id: str, edits: Mapping[str, object], expected_version: int | None = None
) -> EditedGroup:
    """Edit a group by GroupDraft's field names, and seat who waits where the capacity was raised.

    Raises:
        Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT, or every fault of the edited group.
    """
    return await _edit(context, group_id, edits, expected_version, context.clinic.default_time_zone)


@transaction
async def _edit(
    work: UnitOfWork, group_id: str, edits: Mapping[str, object], expected_version: int | None, default_time_zone: str
) -> EditedGroup:
    group = await locked_group(work, group_id, "id")
    rules.refuse_deleted(group, "id")
    rules.refuse_stale(group.version, expected_version)
    references = await references_of(work, group, edits)
    change = rules.edit(group, edits, references, default_time_zone, work.now)
    if change.history:
        await update_group(work, change.group)
        work.record((), change.history)
    promoted: tuple[Enrollment, ...] = ()
    if change.group.max_capacity > group.max_capacity:
        settled = settle(await load_roster(work, change.group), work.now)
        await save_roster(work, settled)
        promoted = settled.promoted
    return EditedGroup(change.group, promoted)


@transaction
async def delete_group(work: UnitOfWork, group_id: str, expected_version: int | None = None) -> GroupDefinition:
    """Delete a group softly. Raises Refusal: NOT_FOUND, GROUP_DELETED, VERSION_CONFLICT."""
    group = await locked_group(work, group_id, "id")
    rules.refuse_deleted(group, "id")
    rules.refuse_stale(group.version, expected_version)
    change = rules.delete(group, work.now)
    await update_group(work, change.group)
    work.record((), change.history)
    return change.group


async def references_of(work: UnitOfWork, held: GroupDefinition | Occurrence, edits: Mapping[str, Any]) -> References:
    """Return what the organization has of the staff and location that a record names once it is edited."""
    facilitator_id, co_facilitator_id, location_id = (
        edits.get(name, getattr(held, name)) for name in ("facilitator_id", "co_facilitator_id", "location_id")
    )
    return await find_references(work, (facilitator_id, co_facilitator_id), location_id)


async def locked_group(work: UnitOfWork, group_id: str, field: str) -> GroupDefinition:
    """Return the group, locked. Raise Refusal with NOT_FOUND at ["input", field]."""
    parsed = parse_id(group_id)
    group = None if parsed is None else await lock_group(work, parsed)
    if group is None:
        raise not_found("group", field)
    return group

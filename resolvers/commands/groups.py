"""Creating, editing and deleting groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.stores.groups import insert_group, update_group
from db.stores.references import find_references
from db.stores.rosters import load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain import groups as rules
from domain.groups import GroupDraft
from domain.records import Enrollment, GroupDefinition, Occurrence
from domain.references import References
from domain.roster import settle
from resolvers.commands.locking import lock_known_group
from resolvers.commands.transaction import transaction
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class EditedGroup:
    """A group after an edit.

    Attributes:
        group: The group.
        promoted: The enrollments that a higher capacity seated.
        changed: Every enrollment that changed, in the order of `RosterChange.changed`. Empty if the first release
            stored the result as a step: its requests cannot select them.
    """

    group: GroupDefinition
    promoted: tuple[Enrollment, ...] = ()
    changed: tuple[Enrollment, ...] = ()


async def create_group(context: Context, draft: GroupDraft) -> GroupDefinition:
    """Create a group. Raise Refusal with every fault of the draft."""
    return await _create(context, draft, context.clinic.default_time_zone)


@transaction
async def _create(work: UnitOfWork, draft: GroupDraft, default_time_zone: str) -> GroupDefinition:
    references = await find_references(work, (draft.facilitator_id, draft.co_facilitator_id), draft.location_id)
    change = rules.define(draft, references, default_time_zone, work.new_id(), work.now)
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
    return await _edit(context, group_id, edits, expected_version, context.clinic.default_time_zone)


@transaction
async def _edit(
    work: UnitOfWork, group_id: str, edits: Mapping[str, object], expected_version: int | None, default_time_zone: str
) -> EditedGroup:
    group = await lock_known_group(work, group_id, "id")
    rules.refuse_deleted(group, "id")
    rules.refuse_stale(group.version, expected_version)
    references = await find_edited_references(work, group, edits)
    change = rules.edit(group, edits, references, default_time_zone, work.now)
    await update_group(work, change)
    if change.group.max_capacity <= group.max_capacity:
        return EditedGroup(change.group)
    settled = settle(await load_roster(work, change.group), work.now)
    await save_roster(work, settled)
    return EditedGroup(change.group, settled.promoted, settled.changed)


@transaction
async def delete_group(work: UnitOfWork, group_id: str, expected_version: int | None = None) -> GroupDefinition:
    """Delete a group softly. Raise Refusal with NOT_FOUND, GROUP_DELETED or VERSION_CONFLICT."""
    group = await lock_known_group(work, group_id, "id")
    rules.refuse_deleted(group, "id")
    rules.refuse_stale(group.version, expected_version)
    change = rules.delete(group, work.now)
    await update_group(work, change)
    return change.group


async def find_edited_references(
    work: UnitOfWork, record: GroupDefinition | Occurrence, edits: Mapping[str, Any]
) -> References:
    """Return those of the staff and the location of an edited group or session that the organization has."""
    facilitator_id, co_facilitator_id, location_id = (
        edits.get(name, getattr(record, name)) for name in ("facilitator_id", "co_facilitator_id", "location_id")
    )
    return await find_references(work, (facilitator_id, co_facilitator_id), location_id)

"""Locking the group that a command changes, or whose roster or calendar it changes."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from db.stores.groups import lock_group
from db.transactions.unit_of_work import UnitOfWork
from domain.groups import refuse_deleted
from domain.records import Enrollment, GroupDefinition, Occurrence
from domain.refusal import Fault, Refusal
from resolvers.ids import not_found, parse_id

Record = TypeVar("Record", Enrollment, Occurrence)


async def lock_known_group(work: UnitOfWork, group_id: str, field: str) -> GroupDefinition:
    """Lock a group and return it. Raise Refusal with NOT_FOUND at ["input", field]."""
    parsed = parse_id(group_id)
    group = None if parsed is None else await lock_group(work, parsed)
    if group is None:
        raise not_found("group", field)
    return group


async def lock_active_group(work: UnitOfWork, group_id: str, field: str, faults: list[Fault]) -> GroupDefinition | None:
    """Lock a group that is not deleted and return it. Otherwise add NOT_FOUND or GROUP_DELETED to the faults."""
    try:
        group = await lock_known_group(work, group_id, field)
        refuse_deleted(group, field)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None
    return group


async def lock_group_of(
    work: UnitOfWork,
    record_id: str,
    find: Callable[[UnitOfWork, UUID], Awaitable[Record | None]],
    noun: str,
    field: str,
) -> tuple[Record, GroupDefinition]:
    """Lock the group of an enrollment or a session, and return the record and the group.

    Args:
        work: The transaction.
        record_id: The record's id.
        find: Finds the record.
        noun: What the record is called in a refusal.
        field: The field of the input that has the id.

    Raises:
        Refusal: NOT_FOUND.
    """
    parsed = parse_id(record_id)
    unlocked = None if parsed is None else await find(work, parsed)
    group = None if unlocked is None else await lock_group(work, unlocked.group_definition_id)
    # The record may have changed before the lock, so it is read again. Its group never changes.
    record = None if unlocked is None or group is None else await find(work, unlocked.id)
    if record is None or group is None:
        raise not_found(noun, field)
    return record, group

"""Locking and storing group definitions."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update

from db.sql.rows import GROUP_COLUMNS, group_record
from db.sql.statement import AnyOf, Statement, equals, of_organization
from db.tables import group_definitions
from db.transactions.unit_of_work import UnitOfWork
from domain.groups import GroupChange
from domain.records import GroupDefinition
from domain.search_text import search_text

_groups = group_definitions.c
_FIXED: Final = {"id", "organization_id", "created_at", "changed_at", "old_times_until"}
_EDITABLE: Final = [column.name for column in _groups if column.name not in _FIXED]
_LOCKABLE: Final = select(*GROUP_COLUMNS, func.coalesce(_groups.changed_at, _groups.updated_at)).where(
    of_organization(group_definitions)
)
_LOCK: Final = Statement(_LOCKABLE.where(equals(_groups.id)).with_for_update(key_share=True))
# PostgreSQL locks the rows in the order in which it sorts them. All transactions lock in this order, so none waits for
# another that waits for it.
_LOCK_MANY: Final = Statement(
    _LOCKABLE.where(AnyOf(_groups.id, "ids")).order_by(_groups.id).with_for_update(key_share=True)
)
_INSERT: Final = Statement(
    insert(group_definitions).inline(), ["id", "organization_id", "created_at", "changed_at", *_EDITABLE]
)
_UPDATE: Final = Statement(
    update(group_definitions).where(of_organization(group_definitions), equals(_groups.id)), _EDITABLE
)


async def lock_group(work: UnitOfWork, group_id: UUID) -> GroupDefinition | None:
    """Return the group, and keep its definition, roster and calendar from changing until the transaction ends.

    Every change to one of them takes this lock first. So they happen one after another, and none has an earlier time
    than the one before.

    Raises:
        MustQueue: If another request of this process holds the lock. `db.transactions.retries` waits for it.
    """
    work.require_tickets(group_id)
    rows = await work.fetch_locked(_LOCK, {"id": group_id})
    return _locked(work, rows[0]) if rows else None


async def lock_groups(work: UnitOfWork, group_ids: Collection[UUID]) -> dict[UUID, GroupDefinition]:
    """Lock several groups, as `lock_group` does, by one statement. Return those that the organization has, by id.

    A transaction locks all its groups at once: two transactions that lock one group after another could wait for each
    other.

    Raises:
        MustQueue: As `lock_group`.
    """
    if not group_ids:
        return {}
    work.require_tickets(*group_ids)
    groups = [_locked(work, row) for row in await work.fetch_locked(_LOCK_MANY, {"ids": sorted(group_ids)})]
    return {group.id: group for group in groups}


def _locked(work: UnitOfWork, row: Sequence[Any]) -> GroupDefinition:
    group_id, *columns, changed_at = row
    # The driver's own class of ids is slower to write as JSON.
    group = group_record([UUID(int=group_id.int), *columns])
    work.note_locked(group.id, changed_at)
    return group


async def insert_group(work: UnitOfWork, change: GroupChange) -> None:
    """Store a new group and its history."""
    group = change.group
    await work.store(_INSERT, [{**_row(group), "created_at": group.created_at, "changed_at": group.updated_at}])
    work.record(change.history)


async def update_group(work: UnitOfWork, change: GroupChange) -> None:
    """Store a change to a group that this transaction has locked, and its history. Do nothing if nothing changed."""
    if change.history:
        await work.store(_UPDATE, [_row(change.group)])
        work.record(change.history)


def _row(group: GroupDefinition) -> dict[str, Any]:
    recurrence = group.recurrence
    return {
        "id": group.id,
        "name": group.name,
        "group_type": group.group_type.value,
        "facilitator_id": group.facilitator_id,
        "co_facilitator_id": group.co_facilitator_id,
        "location_id": group.location_id,
        "time_zone": group.time_zone,
        "max_capacity": group.max_capacity,
        "min_capacity": group.min_capacity,
        "duration_minutes": group.duration_minutes,
        "recurrence_rule": recurrence.rule if recurrence else None,
        "recurrence_start_date": recurrence.start_date if recurrence else None,
        "recurrence_start_time": recurrence.start_time if recurrence else None,
        "recurrence_excluded_dates": [day.isoformat() for day in recurrence.excluded_dates] if recurrence else None,
        "version": group.version,
        "updated_at": group.updated_at,
        "deleted_at": group.deleted_at,
        "counts_toward": ",".join(group.counts_toward),
        "compliance_rule_set_id": group.compliance_rule_set_id,
        "search_text": search_text(group.name),
    }

"""Writing group definitions."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from db.sql.rows import GROUP_COLUMNS, group_record
from db.sql.statement import Statement, of_organization
from db.tables import group_definitions
from db.transactions.unit_of_work import UnitOfWork
from domain.records import GroupDefinition
from domain.search_text import search_text

_QUERY = select(*GROUP_COLUMNS, func.coalesce(group_definitions.c.changed_at, group_definitions.c.updated_at)).where(
    of_organization(group_definitions),
    group_definitions.c.id == bindparam("id", type_=group_definitions.c.id.type),
)
_FIND = Statement(_QUERY)
_LOCK = Statement(_QUERY.with_for_update(key_share=True))


async def lock_group(work: UnitOfWork, group_id: UUID) -> GroupDefinition | None:
    """Return the group and keep it, its seats and its slots from changing until the transaction ends.

    Every change to a group, its roster or its calendar takes this lock first, so they happen one after another, and
    none is told with an earlier time than the one before.

    Raises:
        MustQueue: Where another request of this process holds the lock; `db.transactions.retries` waits for it.
    """
    work.require_ticket(group_id)
    rows = await work.fetch(_LOCK if work.locks_rows else _FIND, {"id": group_id})
    if not rows:
        return None
    *columns, changed_at = rows[0]
    work.note_locked(group_id, changed_at)
    return group_record(columns)


async def insert_group(work: UnitOfWork, group: GroupDefinition) -> None:
    """Store a new group."""
    await work.connection.execute(
        insert(group_definitions).values(
            id=group.id,
            organization_id=work.organization_id,
            created_at=group.created_at,
            changed_at=group.updated_at,
            **_columns(group),
        )
    )


async def update_group(work: UnitOfWork, group: GroupDefinition) -> None:
    """Store a group that is locked already."""
    await work.connection.execute(
        update(group_definitions)
        .where(group_definitions.c.organization_id == work.organization_id, group_definitions.c.id == group.id)
        .values(**_columns(group))
    )


def _columns(group: GroupDefinition) -> dict[str, Any]:
    recurrence = group.recurrence
    return {
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
        "search_text": search_text(group.name),
    }

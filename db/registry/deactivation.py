"""Records that a complete export of the registry no longer holds, and making them inactive."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from sqlalchemy import Column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.records import refresh_staff_activity, staff_of_roles
from db.registry.rows import chunks, lock
from db.tables import staff_members, staff_roles

_PAGE: Final = 5_000


async def find_absent(
    connection: AsyncConnection, organization_id: str, active: Column[bool], present: Collection[str]
) -> tuple[int, list[str]]:
    """Return how many records are active, and the ids of those of them that are not present.

    Args:
        connection: A connection.
        organization_id: Whose records.
        active: The column that says whether a record is active.
        present: The ids of all records that the registry holds.
    """
    key: Column[str] = active.table.c.id
    query = select(key).where(active.table.c.organization_id == organization_id, active).order_by(key).limit(_PAGE)
    count, last, absent = 0, "", []
    while page := (await connection.scalars(query.where(key > last))).all():
        count += len(page)
        absent += [found for found in page if found not in present]
        last = page[-1]
    return count, absent


async def deactivate(
    connection: AsyncConnection, organization_id: str, active: Column[bool], ids: Iterable[str], today: date
) -> None:
    """Make the records inactive, in the caller's transaction."""
    await lock(connection)
    table = active.table
    for some in chunks(ids):
        await connection.execute(
            update(table)
            .where(table.c.organization_id == organization_id, table.c.id.in_(some))
            .values({active: False})
        )
    if table is staff_members:
        await refresh_staff_activity(connection, organization_id, ids, today)
    if table is staff_roles:
        staff_ids = await staff_of_roles(connection, organization_id, ids)
        await refresh_staff_activity(connection, organization_id, staff_ids, today)

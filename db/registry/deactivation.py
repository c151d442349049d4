"""Finds and deactivates records that are missing from a complete export of the registry."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from sqlalchemy import Column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.records import refresh_staff_activity, staff_of_roles
from db.registry.rows import chunks, lock_imports
from db.tables import staff_members, staff_roles

_PAGE_SIZE: Final = 5_000


async def find_absent(
    connection: AsyncConnection, organization_id: str, active: Column[bool], present: Collection[str]
) -> tuple[int, list[str]]:
    """Return the number of active records, and the ids of those that the export does not contain.

    Args:
        connection: A connection.
        organization_id: The organization.
        active: The column that says whether a record is active.
        present: The ids of all records in the export.
    """
    key: Column[str] = active.table.c.id
    query = select(key).where(active.table.c.organization_id == organization_id, active).order_by(key).limit(_PAGE_SIZE)
    count, last, absent = 0, "", []
    while page := (await connection.scalars(query.where(key > last))).all():
        count += len(page)
        absent += [record_id for record_id in page if record_id not in present]
        last = page[-1]
    return count, absent


async def deactivate(
    connection: AsyncConnection, organization_id: str, active: Column[bool], ids: Iterable[str], today: date
) -> None:
    """Deactivate the records in the caller's transaction.

    Call `resolvers.commands.registry.settle_rosters` after deactivating patients.
    """
    await lock_imports(connection)
    table = active.table
    for chunk in chunks(ids):
        await connection.execute(
            update(table)
            .where(table.c.organization_id == organization_id, table.c.id.in_(chunk))
            .values({active: False})
        )
    if table is staff_members:
        await refresh_staff_activity(connection, organization_id, ids, today)
    if table is staff_roles:
        staff_ids = await staff_of_roles(connection, organization_id, ids)
        await refresh_staff_activity(connection, organization_id, staff_ids, today)

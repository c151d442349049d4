"""Whether the database itself is whole: its indexes find every row, and every reference leads somewhere."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.faults import FaultKind, classify_fault


async def damage(engine: AsyncEngine) -> list[str]:
    """Return what is damaged, by the names of tables and indexes alone; on PostgreSQL where amcheck is installed."""
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return await _sqlite_damage(connection)
        return await _postgresql_damage(connection)


async def _sqlite_damage(connection: AsyncConnection) -> list[str]:
    try:
        found = (await connection.scalars(text("PRAGMA integrity_check"))).all()
        dangling = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
    except DBAPIError as fault:
        if classify_fault(fault) is not FaultKind.DAMAGED:
            raise
        return ["file"]  # so damaged that it cannot be said where
    # Its messages name tables, indexes and numbers of rows, and no values.
    said = [str(message).replace(" ", "_") for message in found if message != "ok"]
    return said + [f"reference_from_row_{row[1]}_of_{row[0]}_to_{row[2]}" for row in dangling]


async def _postgresql_damage(connection: AsyncConnection) -> list[str]:
    schema = await connection.scalar(
        text("SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'amcheck'")
    )
    if schema is None:
        return []
    indexes: list[Any] = list(
        await connection.execute(
            text(
                "SELECT c.oid, c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
                " JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid"
                r" WHERE a.amname = 'btree' AND t.relname LIKE 'pm\_group\_%' AND i.indisvalid ORDER BY c.relname"
            )
        )
    )
    damaged = []
    for oid, name in indexes:
        try:
            async with connection.begin_nested():
                check = text(f'SELECT "{schema}".bt_index_check(CAST(:index AS oid)::regclass, true)')
                await connection.execute(check, {"index": oid})
        except DBAPIError as fault:
            if classify_fault(fault) not in (None, FaultKind.DAMAGED):
                raise
            if getattr(fault.orig, "sqlstate", None) == "42501":  # the login may not run amcheck
                return []
            damaged.append(f"index_{name}")
    return damaged

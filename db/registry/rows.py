"""Rows of reference tables in bulk: loaded by id, and written where they differ."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# Any number that nobody else uses: the advisory lock that lets one import store at a time, so that what it decides
# by the rows it has read is still true when it writes. SQLite has one writer anyway.
_IMPORT_LOCK: Final = 5_308_214_966_720_184_653

# The most ids in one statement: both databases take 32,766 parameters.
_IDS_AT_ONCE: Final = 10_000


async def lock(connection: AsyncConnection) -> None:
    """Wait for the transactions of other imports, and keep them waiting until this one ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Return the ids, sorted, in lists that one statement can take."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _IDS_AT_ONCE):
        yield ordered[start : start + _IDS_AT_ONCE]


async def load(
    connection: AsyncConnection,
    organization_id: str,
    table: Table,
    columns: Sequence[str],
    ids: Collection[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the organization's rows with these ids (None: all rows), by id."""
    query = select(*(table.c[name] for name in columns)).where(table.c.organization_id == organization_id)
    queries = [query] if ids is None else [query.where(table.c.id.in_(some)) for some in chunks(ids)]
    found: dict[str, dict[str, Any]] = {}
    for statement in queries:
        rows = await connection.execute(statement)
        found |= {row["id"]: dict(row) for row in rows.mappings()}
    return found


async def upsert(
    connection: AsyncConnection, organization_id: str, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows, or overwrite those that exist. All rows have the same columns."""
    if not rows:
        return
    statement = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "id"],
            set_={name: statement.excluded[name] for name in rows[0] if name != "id"},
        ),
        [{**row, "organization_id": organization_id} for row in rows],
    )

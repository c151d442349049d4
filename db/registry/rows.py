"""Loads and upserts many rows of the registry's tables at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# The key of an advisory lock: an arbitrary number that nothing else uses. The lock lets one import at a time read rows,
# decide and write, so that its decisions are not based on outdated rows. SQLite has one writer anyway.
IMPORT_LOCK: Final = 5_308_214_966_720_184_653

# The most ids in one statement. Both databases allow at least 32,766 parameters.
_CHUNK_SIZE: Final = 10_000


async def lock_imports(connection: AsyncConnection) -> None:
    """Wait for the transactions of other imports, and block them until this transaction ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids, sorted, in lists that fit into one statement."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _CHUNK_SIZE):
        yield ordered[start : start + _CHUNK_SIZE]


async def load_rows(
    connection: AsyncConnection,
    organization_id: str,
    table: Table,
    columns: Sequence[str],
    ids: Collection[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the organization's rows with these ids, by id. None returns all rows."""
    query = select(*(table.c[name] for name in columns)).where(table.c.organization_id == organization_id)
    queries = [query] if ids is None else [query.where(table.c.id.in_(chunk)) for chunk in chunks(ids)]
    rows: dict[str, dict[str, Any]] = {}
    for statement in queries:
        result = await connection.execute(statement)
        rows |= {row["id"]: dict(row) for row in result.mappings()}
    return rows


async def upsert_rows(
    connection: AsyncConnection, organization_id: str, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows, or overwrite existing ones. All rows have the same columns."""
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

"""Restores a backup into an empty SQLite or PostgreSQL database, completely or not at all."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.backups.archive_values import COLUMN_KINDS
from db.backups.archives import (
    ArchivedTable,
    ArchiveHeader,
    ArchiveReader,
    DamagedArchive,
    open_archive,
    verify_archive,
)
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.migrations.schema_version import REVISIONS
from db.outbox.events import BEFORE_ALL
from db.tables import metadata, outbox, parked_events, relay_lanes, relay_sinks
from db.transactions.all_organizations import writing_all

BATCH_SIZE: Final = 500
# Transaction ids differ between databases, so restored events get a position before all new ones, and every sink reads
# them again. The lanes know how far delivery has come, so no event is delivered twice or skipped.
_RESET_POSITIONS: Final[dict[str, dict[str, Any]]] = {
    outbox.name: {"transaction_id": 0},
    relay_sinks.name: {"transaction_id": BEFORE_ALL.transaction_id, "sequence": BEFORE_ALL.sequence},
}


class NotRestorable(Exception):
    """The backup cannot be restored by this version, or not into this database."""


async def restore_backup(engine: AsyncEngine, path: Path) -> tuple[ArchiveHeader, dict[str, int]]:
    """Restore a backup into a database without tables or without rows, and bring that to the newest schema.

    Returns:
        The header of the backup, and the number of rows per table.

    Raises:
        NotRestorable: The backup has another schema, or the database is not empty.
        DamagedArchive: The file is damaged. Nothing is restored.
        OSError: The file cannot be read.
    """
    header, counts = verify_archive(path)
    _check_schema(header)
    await migrate(engine)
    async with writing_all(engine, Role.OPERATOR) as connection:
        await _check_empty(connection)
        with path.open("rb") as file:
            reader = open_archive(file)
            for table in reader.tables():
                await _load(connection, table, reader)
        await _advance_event_sequence(connection)
    await _gather_statistics(engine)
    return header, counts


def _check_schema(header: ArchiveHeader) -> None:
    if header.schema not in REVISIONS:
        raise NotRestorable(
            f"the backup was written by version {header.program} of this program, which has a newer schema. Restore it"
            " with that version"
        )
    if header.schema != REVISIONS[-1]:
        raise NotRestorable(
            f"the backup has an older schema ({header.schema}). Restore it with version {header.program}, which wrote"
            " it. Then run `migrate` of this version"
        )


async def _check_empty(connection: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        if await connection.scalar(select(literal(1)).select_from(table).limit(1)):
            raise NotRestorable(f"the database is not empty: {table.name} has rows. Restore into a new database")


async def _load(connection: AsyncConnection, archived: ArchivedTable, reader: ArchiveReader) -> None:
    unknown = set(archived.columns.values()) - COLUMN_KINDS.keys()
    if unknown:
        raise DamagedArchive("is damaged: a column has an unknown kind")
    columns = (Column(name, COLUMN_KINDS[kind].type) for name, kind in archived.columns.items())
    table = Table(archived.name, MetaData(), *columns)
    rows = reader.rows(archived)
    while batch := [_values(archived, row) for row in islice(rows, BATCH_SIZE)]:
        await connection.execute(insert(table), batch)


def _values(table: ArchivedTable, row: Sequence[Any]) -> dict[str, Any]:
    values = {
        name: None if value is None else COLUMN_KINDS[kind].read(value)
        for (name, kind), value in zip(table.columns.items(), row, strict=True)
    }
    return values | _RESET_POSITIONS.get(table.name, {})


async def _gather_statistics(engine: AsyncEngine) -> None:
    """Update the statistics of PostgreSQL's planner, which autovacuum would do only about a minute later."""
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(text(f"ANALYZE {', '.join(table.name for table in metadata.sorted_tables)}"))


async def _advance_event_sequence(connection: AsyncConnection) -> None:
    """Make new events get higher sequences than the restored ones. SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    columns = (outbox.c.sequence, relay_lanes.c.newest_sequence, parked_events.c.sequence)
    maxima = [await connection.scalar(select(func.max(column))) for column in columns]
    if any(maxima):
        sequence = func.pg_get_serial_sequence(outbox.name, outbox.c.sequence.name)
        await connection.execute(text("SET LOCAL ROLE NONE"))  # only the owner may set it
        await connection.execute(select(func.setval(sequence, max(maximum or 0 for maximum in maxima))))

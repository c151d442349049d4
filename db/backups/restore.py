"""Restoring a backup into an empty database of either kind, all of it or nothing."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.backups.archive_values import KINDS
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

ROWS_AT_ONCE: Final = 500
# Transactions had other numbers where the backup is from: its events come before all of this database's. They are taken
# into the lanes of their sinks again, which know how far they have come: none is delivered twice or left out.
_ORDER_OF_EVENTS: Final[dict[str, dict[str, Any]]] = {
    outbox.name: {"transaction_id": 0},
    relay_sinks.name: {"transaction_id": BEFORE_ALL.transaction_id, "sequence": BEFORE_ALL.sequence},
}


class NotRestorable(Exception):
    """A backup that cannot be restored here, or a database that it cannot be restored into, in a sentence."""


async def restore_backup(engine: AsyncEngine, path: Path) -> tuple[ArchiveHeader, dict[str, int]]:
    """Restore a backup into a database without tables or without rows; its schema is then the newest.

    Returns:
        What the backup says of itself, and how many rows each table has.

    Raises:
        NotRestorable: The backup is of another schema, or the database is not empty.
        DamagedArchive: The file is not what was written; nothing is restored.
        OSError: The file cannot be read.
    """
    header, counts = verify_archive(path)
    _refuse_other_schema(header)
    await migrate(engine)
    async with writing_all(engine, Role.OPERATOR) as connection:
        await _refuse_rows(connection)
        with path.open("rb") as file:
            reader = open_archive(file)
            for table in reader.tables():
                await _load(connection, table, reader)
        await _number_events_on(connection)
    await _gather_statistics(engine)
    return header, counts


def _refuse_other_schema(header: ArchiveHeader) -> None:
    if header.schema not in REVISIONS:
        raise NotRestorable(
            f"the backup was written by version {header.program} of this program, which has a newer schema:"
            " restore it with that version"
        )
    if header.schema != REVISIONS[-1]:
        raise NotRestorable(
            f"the backup has an older schema ({header.schema}): restore it with the version that wrote it,"
            f" {header.program}, and run this version's `migrate` then"
        )


async def _refuse_rows(connection: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        if await connection.scalar(select(literal(1)).select_from(table).limit(1)):
            raise NotRestorable(f"the database is not empty: {table.name} has rows. Restore the backup into a new one")


async def _load(connection: AsyncConnection, archived: ArchivedTable, reader: ArchiveReader) -> None:
    unknown = set(archived.columns.values()) - KINDS.keys()
    if unknown:
        raise DamagedArchive("is damaged: a column has a kind that there is not")
    columns = (Column(name, KINDS[kind].type) for name, kind in archived.columns.items())
    table = Table(archived.name, MetaData(), *columns)
    rows = reader.rows(archived)
    while part := [_values(archived, row) for row in islice(rows, ROWS_AT_ONCE)]:
        await connection.execute(insert(table), part)


def _values(table: ArchivedTable, row: Sequence[Any]) -> dict[str, Any]:
    read = {
        name: None if value is None else KINDS[kind].read(value)
        for (name, kind), value in zip(table.columns.items(), row, strict=True)
    }
    return read | _ORDER_OF_EVENTS.get(table.name, {})


async def _gather_statistics(engine: AsyncEngine) -> None:
    """Tell PostgreSQL's planner how many rows there are now; by itself it looks within a minute or so."""
    if engine.dialect.name == "postgresql":
        async with engine.begin() as connection:
            await connection.execute(text(f"ANALYZE {', '.join(table.name for table in metadata.sorted_tables)}"))


async def _number_events_on(connection: AsyncConnection) -> None:
    """Have new events numbered behind the restored ones. SQLite goes on after the largest number by itself."""
    if connection.dialect.name != "postgresql":
        return
    columns = (outbox.c.sequence, relay_lanes.c.newest_sequence, parked_events.c.sequence)
    found = [await connection.scalar(select(func.max(column))) for column in columns]
    if any(found):
        sequence = func.pg_get_serial_sequence(outbox.name, outbox.c.sequence.name)
        await connection.execute(text("SET LOCAL ROLE NONE"))  # it is the owner's to set
        await connection.execute(select(func.setval(sequence, max(number or 0 for number in found))))

"""Streams an export from a snapshot, in bounded memory."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from db.exports.encoding import encoder, header
from db.sql.exports.columns import ExportColumn, TableExport
from db.sql.exports.statements import ExportFilter, ExportFormat, select_for_copy, select_patients, select_values
from db.transactions.snapshots import Snapshot

Write = Callable[[bytes], Awaitable[None]]

_BATCH: Final = 1_000
"""How many rows SQLite returns at once."""
# JSON escapes control characters, so that COPY neither quotes nor escapes anything in a line of JSON.
_COPY_OPTIONS: Final[dict[ExportFormat, dict[str, Any]]] = {
    ExportFormat.CSV: {"format": "csv", "header": True},
    ExportFormat.NDJSON: {"format": "csv", "quote": "\x01", "delimiter": "\x02"},
}


async def find_patients(
    snapshot: Snapshot, export: TableExport, narrowed: ExportFilter, seconds: float
) -> frozenset[str]:
    """Return the patients whose data the export contains. Raise DBAPIError."""
    statement = select_patients(export, narrowed)
    if statement is None:
        return frozenset()
    rows = await snapshot.fetch(statement, narrowed.parameters, seconds)
    return frozenset(row[0] for row in rows if row[0] is not None)


async def write_export(
    snapshot: Snapshot,
    export: TableExport,
    columns: Sequence[ExportColumn],
    narrowed: ExportFilter,
    export_format: ExportFormat,
    write: Write,
    seconds: float,
) -> int:
    """Write the header and the rows, and return the number of rows.

    On PostgreSQL, COPY formats the rows, and no row becomes an object of this process.

    Args:
        snapshot: Where to read.
        export: The export.
        columns: Its columns to write.
        narrowed: Narrows the rows.
        export_format: The format.
        write: Receives the bytes. The database waits for it.
        seconds: How long PostgreSQL may take.

    Raises:
        DBAPIError: A statement failed, or the connection was lost.
    """
    if snapshot.on_postgresql:
        statement = select_for_copy(export, columns, narrowed, export_format)
        options = _COPY_OPTIONS[export_format]
        return await snapshot.copy(statement, narrowed.parameters, write, seconds=seconds, **options)
    encode = encoder(columns, export_format)
    await write(header(columns, export_format))
    row_count = 0
    async for rows in snapshot.stream(select_values(export, columns, narrowed), narrowed.parameters, _BATCH):
        await write(encode(rows))
        row_count += len(rows)
    return row_count

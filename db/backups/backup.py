"""Writing a backup: all rows of all organizations as of one moment, while others go on writing."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.backups.archive_values import KINDS, kind_of
from db.backups.archives import ArchivedTable, ArchiveHeader, ArchiveWriter, verify_archive
from db.connections.roles import Role
from db.migrations.schema_version import REVISIONS
from db.tables import metadata, patient_endings
from db.transactions.all_organizations import reading_one_moment

DERIVED: Final = frozenset({patient_endings.name})
"""Tables that the database itself fills from others."""
ROWS_AT_ONCE: Final = 500
ABANDONED_SECONDS: Final = 86_400
"""A part of a backup that nobody has written to for this long is nobody's."""
_PART: Final = re.compile(r"[.].+[.][0-9a-f]{32}[.]part")


async def write_backup(engine: AsyncEngine, path: Path, program: str, made_at: datetime) -> dict[str, int]:
    """Write a backup of a database that has the newest schema, readable by the file's owner alone.

    The file appears under its name once it is whole and has been read back. Where something fails, nothing is left.

    Returns:
        How many rows each table has.

    Raises:
        FileExistsError: There is a file of this name; it stays as it is.
        OSError: The file cannot be written.
        DamagedArchive: What was written is not what is read.
    """
    header = ArchiveHeader(REVISIONS[-1], program, made_at.isoformat())
    with _appearing(path) as (file, part):
        counts = await _write(engine, ArchiveWriter(file, header))
        file.flush()
        os.fsync(file.fileno())
        read_header, read_counts = verify_archive(part)
        if (read_header, read_counts) != (header, counts):
            raise OSError(f"{path}: what was written is not what is read back")
    return counts


def archived_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that an archive holds: those that the database does not compute."""
    return [column for column in table.columns if column.computed is None]


async def _write(engine: AsyncEngine, writer: ArchiveWriter) -> dict[str, int]:
    counts: dict[str, int] = {}
    async with reading_one_moment(engine, Role.OPERATOR) as connection:
        for table in metadata.sorted_tables:
            if table.name not in DERIVED:
                counts[table.name] = await _write_table(connection, table, writer)
    writer.end()
    return counts


async def _write_table(connection: AsyncConnection, table: Table, writer: ArchiveWriter) -> int:
    columns = archived_columns(table)
    kinds = {str(column.name): kind_of(column) for column in columns}
    write = [KINDS[kind].write for kind in kinds.values()]
    writer.begin_table(ArchivedTable(table.name, kinds))
    query = select(*columns).order_by(*table.primary_key.columns)
    result = await connection.stream(query, execution_options={"yield_per": ROWS_AT_ONCE})
    async for rows in result.partitions():
        writer.write_rows(_written(row, write) for row in rows)
    return writer.end_table()


def _written(row: Sequence[Any], write: Sequence[Any]) -> list[Any]:
    return [None if value is None else made(value) for value, made in zip(row, write, strict=True)]


@contextmanager
def _appearing(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file beside the path for the owner alone, which takes the path's name when the block ends well."""
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} exists: choose another name, or move it away")
    _remove_abandoned(path.parent)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file, part
        _take_name(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    _sync_folder(path.parent)


def _remove_abandoned(folder: Path) -> None:
    """Remove what backups that were killed have left in a folder: it holds patients' records."""
    for part in folder.glob(".*.part"):
        if _PART.fullmatch(part.name):
            with suppress(OSError):  # another's, or just removed by another backup
                if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                    part.unlink()


def _take_name(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike a rename, it replaces nothing that has come meanwhile
    except FileExistsError:
        raise FileExistsError(f"{path} exists: choose another name, or move it away") from None
    except OSError:  # a file system without links
        part.rename(path)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""Writes backups: one snapshot of all rows of all organizations, taken while the servers run."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.backups.archive_values import COLUMN_KINDS, column_kind
from db.backups.archives import ArchivedTable, ArchiveHeader, ArchiveWriter, verify_archive
from db.connections.roles import Role
from db.migrations.schema_version import REVISIONS
from db.tables import metadata, patient_endings
from db.transactions.all_organizations import reading_one_moment

DERIVED_TABLES: Final = frozenset({patient_endings.name})
"""Tables that triggers fill. They are not part of a backup."""
BATCH_SIZE: Final = 500
ABANDONED_SECONDS: Final = 86_400
"""A partial file that has not been written to for this long was left behind by a killed backup."""
_PARTIAL_NAME: Final = re.compile(r"[.].+[.][0-9a-f]{32}[.]part")


async def write_backup(engine: AsyncEngine, path: Path, program: str, made_at: datetime) -> dict[str, int]:
    """Write a backup of a database with the newest schema. Only the file's owner can read it.

    The file gets its name after it was completed and verified. If anything fails, no file remains.

    Returns:
        The number of rows per table.

    Raises:
        FileExistsError: The file exists. It stays as it is.
        OSError: The file cannot be written.
        DamagedArchive: The file does not contain what was written.
    """
    header = ArchiveHeader(REVISIONS[-1], program, made_at.isoformat())
    with _new_file(path) as (file, partial):
        counts = await _write(engine, ArchiveWriter(file, header))
        file.flush()
        os.fsync(file.fileno())
        read_header, read_counts = verify_archive(partial)
        if (read_header, read_counts) != (header, counts):
            raise OSError(f"{path}: the file does not contain what was written")
    return counts


def archived_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that an archive contains: all but the computed ones."""
    return [column for column in table.columns if column.computed is None]


async def _write(engine: AsyncEngine, writer: ArchiveWriter) -> dict[str, int]:
    counts: dict[str, int] = {}
    async with reading_one_moment(engine, Role.OPERATOR) as connection:
        for table in metadata.sorted_tables:
            if table.name not in DERIVED_TABLES:
                counts[table.name] = await _write_table(connection, table, writer)
    writer.end()
    return counts


async def _write_table(connection: AsyncConnection, table: Table, writer: ArchiveWriter) -> int:
    columns = archived_columns(table)
    kinds = {str(column.name): column_kind(column) for column in columns}
    converters = [COLUMN_KINDS[kind].write for kind in kinds.values()]
    writer.begin_table(ArchivedTable(table.name, kinds))
    query = select(*columns).order_by(*table.primary_key.columns)
    result = await connection.stream(query, execution_options={"yield_per": BATCH_SIZE})
    async for rows in result.partitions():
        writer.write_rows(_to_json(row, converters) for row in rows)
    return writer.end_table()


def _to_json(row: Sequence[Any], converters: Sequence[Callable[[Any], Any]]) -> list[Any]:
    return [None if value is None else convert(value) for value, convert in zip(row, converters, strict=True)]


@contextmanager
def _new_file(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a private file beside the path, and rename it to the path if the block succeeds."""
    if path.exists() or path.is_symlink():
        raise _already_exists(path)
    _remove_abandoned(path.parent)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file, partial
        _rename(partial, path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    _sync_folder(path.parent)


def _already_exists(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} already exists. Choose another name, or move the file")


def _remove_abandoned(folder: Path) -> None:
    """Remove the partial files of killed backups, which contain patients' records."""
    for partial in folder.glob(".*.part"):
        if _PARTIAL_NAME.fullmatch(partial.name):
            with suppress(OSError):  # another user's file, or another backup has just removed it
                if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                    partial.unlink()


def _rename(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike a rename, it does not replace a file that was created meanwhile
    except FileExistsError:
        raise _already_exists(path) from None
    except OSError:  # the file system has no hard links
        partial.rename(path)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not supported by some file systems
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

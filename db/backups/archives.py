"""The file format of backups: every row of every table in one snapshot, for SQLite and PostgreSQL.

An archive is gzipped lines of JSON. The first line is the header. A table is a line with its columns, a line for each
row, and a line with the number of rows. The last line has a digest of everything before it, which reveals a truncated,
damaged or edited file. Rows are written and read one at a time, so memory use does not grow with the database.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

FORMAT: Final = "group-sessions archive"
VERSION: Final = 1
_COMPRESSION: Final = 3  # of 9: slightly larger files than 9, and several times as fast


class DamagedArchive(Exception):
    """The file is not an archive, or its contents were changed. The message is the end of a sentence about it."""


@dataclass(frozen=True, slots=True)
class ArchiveHeader:
    """The first line of an archive.

    Attributes:
        schema: The revision of the database schema.
        program: The version of the program that wrote the archive.
        made_at: The time of the snapshot, as ISO 8601.
    """

    schema: str
    program: str
    made_at: str


@dataclass(frozen=True, slots=True)
class ArchivedTable:
    """A table in an archive: its name, and the kind of each column (see `db.backups.archive_values`)."""

    name: str
    columns: Mapping[str, str]


class ArchiveWriter:
    """Writes an archive to an open file."""

    def __init__(self, file: BinaryIO, header: ArchiveHeader) -> None:
        """Write the header."""
        self._zip = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_COMPRESSION)
        self._digest = hashlib.sha256()
        self._rows = 0
        self._write(
            {
                "format": FORMAT,
                "version": VERSION,
                "schema": header.schema,
                "program": header.program,
                "made_at": header.made_at,
            }
        )

    def begin_table(self, table: ArchivedTable) -> None:
        """Begin a table."""
        self._rows = 0
        self._write({"table": table.name, "columns": dict(table.columns)})

    def write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of the table, as JSON values in the order of its columns."""
        for row in rows:
            self._write(row)
            self._rows += 1

    def end_table(self) -> int:
        """End the table, and return its number of rows."""
        self._write({"rows": self._rows})
        return self._rows

    def end(self) -> None:
        """Write the digest, and flush the compressor."""
        self._zip.write(orjson.dumps({"sha256": self._digest.hexdigest()}) + b"\n")
        self._zip.close()

    def _write(self, value: Any) -> None:
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(line)
        self._zip.write(line)


@dataclass(slots=True)
class ArchiveReader:
    """Reads an archive once, from beginning to end: iterate over `tables`, and over all `rows` of each.

    Attributes:
        header: The header of the archive.
    """

    _lines: Iterator[bytes]
    header: ArchiveHeader = field(init=False)
    _digest: Any = field(init=False, default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        header = self._object()
        if header.get("format") != FORMAT:
            raise DamagedArchive("is not a backup of group-sessions")
        if header.get("version") != VERSION:
            raise DamagedArchive(
                f"has the archive format {header.get('version')}, but this program reads format {VERSION}. Restore it"
                f" with the version that wrote it: {header.get('program')}"
            )
        self.header = ArchiveHeader(
            schema=_text(header, "schema"), program=_text(header, "program"), made_at=_text(header, "made_at")
        )

    def tables(self) -> Iterator[ArchivedTable]:
        """Yield the tables. Read all rows of one before advancing to the next. Raise DamagedArchive."""
        while True:
            expected = self._digest.hexdigest()
            line = self._object()
            if "sha256" in line:
                if line["sha256"] != expected or self._line():
                    raise DamagedArchive("is damaged: its contents do not match its checksum")
                return
            columns = line.get("columns")
            if not isinstance(columns, dict):
                raise DamagedArchive("is damaged: a table has no columns")
            yield ArchivedTable(_text(line, "table"), columns)

    def rows(self, table: ArchivedTable) -> Iterator[list[Any]]:
        """Yield the rows of the last table that `tables` has yielded. Raise DamagedArchive."""
        count = 0
        while isinstance(row := self._value(), list):
            if len(row) != len(table.columns):
                raise DamagedArchive("is damaged: the columns of a row do not match its table")
            count += 1
            yield row
        if not isinstance(row, dict) or row.get("rows") != count:
            raise DamagedArchive(f"is damaged: rows of {table.name} are missing")

    def _object(self) -> dict[str, Any]:
        value = self._value()
        if not isinstance(value, dict):
            raise DamagedArchive("is damaged")
        return value

    def _value(self) -> Any:
        line = self._line()
        if not line.endswith(b"\n"):
            raise DamagedArchive("is truncated, or not a backup of group-sessions")
        self._digest.update(line)
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            raise DamagedArchive("is damaged, or not a backup of group-sessions") from None

    def _line(self) -> bytes:
        try:
            return next(self._lines, b"")
        except (EOFError, OSError, zlib.error):  # OSError: not gzip, or a wrong checksum
            raise DamagedArchive("is truncated or damaged, or not a backup of group-sessions") from None


def open_archive(file: BinaryIO) -> ArchiveReader:
    """Return a reader of the archive in an open file. Raise DamagedArchive."""
    return ArchiveReader(iter(gzip.GzipFile(fileobj=file, mode="rb")))


def verify_archive(path: Path) -> tuple[ArchiveHeader, dict[str, int]]:
    """Read a whole archive. Return its header and the number of rows per table. Raise DamagedArchive or OSError."""
    with path.open("rb") as file:
        reader = open_archive(file)
        counts = {table.name: sum(1 for _ in reader.rows(table)) for table in reader.tables()}
        return reader.header, counts


def _text(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str):
        raise DamagedArchive("is damaged")
    return value

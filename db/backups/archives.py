"""The file that a backup is: every row of every table as of one moment, for either database.

It is gzip over lines of JSON. The first line is the header; each table is a line with its columns, a line for each row
and a line with their number; the last line has a digest of all before it, so that a file that is cut off, damaged or
edited is known. Rows are written and read one after another: memory does not grow with the database.
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
_COMPRESSION: Final = 3  # of 9: little larger than the best, several times as fast


class DamagedArchive(Exception):
    """A file that is no archive, or no longer what was written; the message says which, after the file's name."""


@dataclass(frozen=True, slots=True)
class ArchiveHeader:
    """What an archive says of itself.

    Attributes:
        schema: The revision of the schema whose tables it holds.
        program: The version of the program that wrote it.
        made_at: The moment that it is of, as ISO 8601.
    """

    schema: str
    program: str
    made_at: str


@dataclass(frozen=True, slots=True)
class ArchivedTable:
    """A table of an archive: its name, and the kind of each of its columns (`db.backups.archive_values`)."""

    name: str
    columns: Mapping[str, str]


class ArchiveWriter:
    """Writes an archive to a file that is open for writing."""

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
        """Write rows of the table, as values of JSON in the order of its columns."""
        for row in rows:
            self._write(row)
            self._rows += 1

    def end_table(self) -> int:
        """End the table, and return how many rows it has."""
        self._write({"rows": self._rows})
        return self._rows

    def end(self) -> None:
        """Write the digest, and what is left to compress."""
        self._zip.write(orjson.dumps({"sha256": self._digest.hexdigest()}) + b"\n")
        self._zip.close()

    def _write(self, value: Any) -> None:
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(line)
        self._zip.write(line)


@dataclass(slots=True)
class ArchiveReader:
    """Reads an archive, once, from its beginning to its end: `tables`, and of each in turn all `rows`.

    Attributes:
        header: What the archive says of itself.
    """

    _lines: Iterator[bytes]
    header: ArchiveHeader = field(init=False)
    _digest: Any = field(init=False, default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        found = self._object()
        if found.get("format") != FORMAT:
            raise DamagedArchive("is not a backup of group sessions")
        if found.get("version") != VERSION:
            raise DamagedArchive(
                f"was written in format {found.get('version')}, and this program reads {VERSION}: restore it with the"
                f" version that wrote it, {found.get('program')}"
            )
        self.header = ArchiveHeader(_text(found, "schema"), _text(found, "program"), _text(found, "made_at"))

    def tables(self) -> Iterator[ArchivedTable]:
        """Yield the tables. Read the rows of each before you take the next."""
        while True:
            expected = self._digest.hexdigest()
            found = self._object()
            if "sha256" in found:
                if found["sha256"] != expected or self._line():
                    raise DamagedArchive("is damaged: its contents are not those that were written")
                return
            columns = found.get("columns")
            if not isinstance(columns, dict):
                raise DamagedArchive("is damaged: a table has no columns")
            yield ArchivedTable(_text(found, "table"), columns)

    def rows(self, table: ArchivedTable) -> Iterator[list[Any]]:
        """Yield the rows of the table that `tables` has yielded last."""
        count = 0
        while isinstance(row := self._value(), list):
            if len(row) != len(table.columns):
                raise DamagedArchive("is damaged: a row does not have its table's columns")
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
            raise DamagedArchive("is cut off, or not a backup of group sessions")
        self._digest.update(line)
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            raise DamagedArchive("is damaged, or not a backup of group sessions") from None

    def _line(self) -> bytes:
        try:
            return next(self._lines, b"")
        except (EOFError, OSError, zlib.error):  # OSError: it is no gzip, or its check sum is wrong
            raise DamagedArchive("is cut off or damaged, or not a backup of group sessions") from None


def open_archive(file: BinaryIO) -> ArchiveReader:
    """Return a reader of the archive in a file that is open for reading. Raise DamagedArchive."""
    return ArchiveReader(iter(gzip.GzipFile(fileobj=file, mode="rb")))


def verify_archive(path: Path) -> tuple[ArchiveHeader, dict[str, int]]:
    """Read a whole archive, and return its header and how many rows each table has. Raise DamagedArchive, OSError."""
    with path.open("rb") as file:
        reader = open_archive(file)
        counts = {table.name: sum(1 for _ in reader.rows(table)) for table in reader.tables()}
        return reader.header, counts


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise DamagedArchive("is damaged")
    return value

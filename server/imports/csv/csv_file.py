"""A CSV file of patients, staff or locations, as the import reads it."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Final

from server.imports.compressed import DAMAGED_GZIP, decompressed
from server.imports.csv.columns import DateOrder, InvalidHeader, read_header
from server.imports.csv.rows import RowMapper
from server.imports.record_file import FileResult
from server.imports.report_file import printable_path
from server.imports.resource_types import ResourceType
from server.imports.results import RefusedItem
from server.runtime.command_error import CommandError

_SEPARATORS: Final = (",", ";", "\t")
MAX_LINE: Final = 100_000
"""The number of characters that a line may have. It bounds memory."""
_NOT_UTF8: Final = "not UTF-8; in Excel, choose “CSV UTF-8” to save it"


class _LineTooLong(Exception):
    """A line has more characters than memory should hold."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A row that cannot be read, and why."""

    reason: str


class CsvFile:
    """A CSV file, optionally compressed with gzip. It can be read once, in bounded memory."""

    def __init__(self, path: Path, resource_type: ResourceType, date_order: DateOrder = DateOrder.YMD) -> None:
        """Name the file, without opening it."""
        self.path = path
        self._resource_type = resource_type
        self._date_order = date_order
        self._raw: BinaryIO | None = None

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read, or 0 if it is unknown, as for a pipe."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed and self._raw.seekable() else 0

    def check(self) -> None:
        """Raise CommandError if the header is wrong. Raise OSError if the file cannot be read."""
        with self._open() as text:
            self._read_header(text)

    def results(self, now: datetime, today: date) -> Iterator[FileResult]:
        """Yield the results of the rows. Raise CommandError if the header is wrong, or OSError."""
        mapper = RowMapper(self._resource_type, now, today, self._date_order)
        line = 1
        with self._open() as text:
            try:
                columns, separator = self._read_header(text)
                for line, cells in _rows(text, separator):
                    row = _row(columns, cells)
                    if isinstance(row, _Unreadable):
                        yield self._refused(line, row.reason)
                    elif row:
                        yield FileResult(line, None, mapper.map(row))
            except DAMAGED_GZIP:
                yield self._refused(line, "the rest of the file is damaged gzip data")

    @contextmanager
    def _open(self) -> Iterator[io.TextIOWrapper]:
        with self.path.open("rb") as raw:
            self._raw = raw
            # Bytes that are not UTF-8 become surrogates, so that only their line is refused.
            with io.TextIOWrapper(decompressed(raw), "utf-8-sig", errors="surrogateescape", newline="") as text:
                yield text

    def _read_header(self, text: io.TextIOWrapper) -> tuple[list[str], str]:
        """Return the names of the columns, and the separator. Raise CommandError if the header is wrong."""
        try:
            first = text.readline(MAX_LINE)
            separator = max(_SEPARATORS, key=first.count)
            cells = next(csv.reader([first], delimiter=separator), [])
            columns = read_header(cells, self._resource_type)
        except InvalidHeader as error:
            reason = str(error) if _is_decoded(first) else f"the file is {_NOT_UTF8}"
            raise CommandError(f"{printable_path(self.path)}: {reason}") from None
        except DAMAGED_GZIP:
            raise CommandError(f"{printable_path(self.path)}: damaged gzip data") from None
        return columns, separator

    def _refused(self, line: int, reason: str) -> FileResult:
        return FileResult(line, None, RefusedItem(reason, self._resource_type, hides_resources=True))


def _rows(text: io.TextIOWrapper, separator: str) -> Iterator[tuple[int, list[str] | _Unreadable]]:
    """Yield the rows after the header, each with the number of its first line."""
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    line = 2
    while True:
        try:
            yield line, [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except _LineTooLong:
            reason = f"the line is longer than {MAX_LINE:,} characters; the rest of the file was not read"
            yield reader.line_num + 2, _Unreadable(reason)
            return
        except csv.Error:
            yield line, _Unreadable("the line is not valid CSV: a quotation mark is not closed, or not doubled")
        line = reader.line_num + 2


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise _LineTooLong
        yield line


def _row(columns: Sequence[str], cells: list[str] | _Unreadable) -> dict[str, str] | _Unreadable:
    """Return the cells by column; nothing for a blank row."""
    if isinstance(cells, _Unreadable):
        return cells
    if not any(cells):
        return {}
    if not _is_decoded("".join(cells)):
        return _Unreadable(f"the line is {_NOT_UTF8}")
    if len(cells) < len(columns) or any(cells[len(columns) :]):
        return _Unreadable(f"the line has {len(cells)} cells, but the header has {len(columns)}")
    return dict(zip(columns, cells, strict=False))


def _is_decoded(text: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in text)

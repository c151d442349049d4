"""Rows as CSV and NDJSON, byte by byte as PostgreSQL's COPY writes them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any, Final

import orjson

from db.sql.exports.columns import ExportColumn, Kind
from db.sql.exports.expressions import FORMULA_STARTS
from db.sql.exports.statements import ExportFormat

_QUOTED: Final = frozenset('",\r\n')
_END_OF_DATA: Final = b"\\.\n"
"""A line that ends the data for some readers. PostgreSQL quotes it."""


def header(columns: Sequence[ExportColumn], export_format: ExportFormat) -> bytes:
    """Return what comes before the rows: the names of the columns in CSV, nothing in NDJSON."""
    return _line(column.name for column in columns) if export_format is ExportFormat.CSV else b""


def trailer(export_name: str, row_count: int, export_format: ExportFormat) -> bytes:
    """Return what comes after the last row: the number of rows in NDJSON, nothing in CSV.

    Its only key is no column, so that readers can tell it from the rows.
    """
    if export_format is ExportFormat.CSV:
        return b""
    return orjson.dumps({"trailer": {"export": export_name, "rows": row_count}}) + b"\n"


def encoder(columns: Sequence[ExportColumn], export_format: ExportFormat) -> Callable[[Iterable[Sequence[Any]]], bytes]:
    """Return the function that encodes rows."""
    if export_format is ExportFormat.NDJSON:
        names = [column.name for column in columns]
        return lambda rows: b"".join(_object(names, row) for row in rows)
    is_text = [column.kind is Kind.TEXT for column in columns]
    return lambda rows: b"".join(_row(map(_cell, row, is_text)) for row in rows)


def _object(names: Sequence[str], row: Sequence[Any]) -> bytes:
    return orjson.dumps(dict(zip(names, map(_json, row), strict=True))) + b"\n"


def _json(value: Any) -> Any:
    return _instant(value) if isinstance(value, datetime) else value


def _row(cells: Iterable[str]) -> bytes:
    line = _line(cells)
    return b'"\\."\n' if line == _END_OF_DATA else line


def _line(cells: Iterable[str]) -> bytes:
    return f"{','.join(cells)}\n".encode()


def _cell(value: Any, is_text: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if is_text and value[:1] and value[0] in FORMULA_STARTS:
            value = f"'{value}"
        # An empty text is quoted, an empty cell is not.
        return f'"{value.replace(chr(34), chr(34) * 2)}"' if not value or not _QUOTED.isdisjoint(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _instant(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _instant(value: datetime) -> str:
    # All values of a column have one format, because readers such as pandas expect that.
    return value.isoformat(timespec="microseconds")

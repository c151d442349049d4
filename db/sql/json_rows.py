"""Rows that PostgreSQL returns as JSON: for each column of a list one text, an array of its values.

The driver calls a decoder for each value; a JSON parser creates the values of a whole list in one call. For long lists
that takes a third of the time, and less for values whose text is enough. A single column can be read without the rest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, overload
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, cast, func
from sqlalchemy.sql.expression import FromClause

from db.sql.layouts import CACHED_LAYOUTS, Layout, refuse_to_make

Record = TypeVar("Record")
Row = tuple[Any, ...]
Column = list[Any]
Convert = Callable[[Column], Column]
Texts = Sequence[str | None]
"""The text of each column. An aggregate of no rows is null."""


class JsonLayout(Generic[Record]):
    """How rows are parsed from JSON.

    Attributes:
        rows: The layout of the rows. No record can be made of them.
    """

    def __init__(self, layout: Layout[Record], values: frozenset[str]) -> None:
        """Take the layout of the same rows from the driver, and the fields whose text is not enough.

        Raises:
            KeyError: A column has a type without a form in JSON.
            NotImplementedError: A column has a type that SQLAlchemy knows no Python class for.
        """
        texts: dict[str, type] = {}
        self._conversions: dict[int, Convert] = {}
        self._lengths: dict[int, int] = {}
        for index, column in enumerate(layout.selected):
            name, kind = str(column.key), column.type.python_type
            if kind in _JSON_TYPES:
                continue
            self._conversions[index] = _TO_VALUES[kind] if name in values else _TO_TEXTS[kind]
            if name not in values:
                texts[name] = kind
                self._lengths[index] = _UNCHANGED_LENGTHS[kind]
        self.rows = Layout(layout.record_class, layout.selected, refuse_to_make, layout.codes, texts=texts)

    @staticmethod
    def texts_of(rows: FromClause) -> Sequence[ColumnElement[str]]:
        """Return the expressions of the columns of a subquery as texts. The values are in the order of the subquery."""
        return [cast(func.json_agg(column), Text).label(f"column_{index}") for index, column in enumerate(rows.c)]

    def parse(self, texts: Texts) -> "ColumnRows":
        """Return the rows of the texts. Raise ValueError for a date or a time that Python cannot represent."""
        columns: list[Column] = [[] if text is None else orjson.loads(text) for text in texts]
        for index, convert in self._conversions.items():
            if not _all_have_length(texts[index], len(columns[index]), self._lengths.get(index)):
                columns[index] = convert(columns[index])
        return ColumnRows(columns)

    def parse_column(self, texts: Texts, index: int) -> Column:
        """Return the values of one column. Raise ValueError as `parse` does."""
        text = texts[index]
        column: Column = [] if text is None else orjson.loads(text)
        convert = self._conversions.get(index)
        return column if convert is None else convert(column)


@lru_cache(CACHED_LAYOUTS)
def json_layout(layout: Layout[Record], values: frozenset[str]) -> JsonLayout[Record] | None:
    """Return the JSON layout of rows, with the arguments of `JsonLayout`; None if a column cannot be JSON."""
    try:
        return JsonLayout(layout, values)
    except (KeyError, NotImplementedError):  # a column's type has no form in JSON, or no class in Python
        return None


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """Rows of other records, to append to the rows that refer to them.

    Attributes:
        by: The index of the column with the ids.
        rows: The rows by id.
        width: The number of their columns.
    """

    by: int
    rows: Mapping[Any, Sequence[Any]]
    width: int


class ColumnRows(Sequence[Row]):
    """Columns of one length as a sequence of rows, each made when it is needed."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        self._columns = columns

    def join(self, joined: JoinedRows) -> "ColumnRows":
        """Return the rows with the columns of the records that they refer to."""
        ids = self._columns[joined.by]
        columns = zip(*map(joined.rows.__getitem__, ids), strict=True) if ids else [()] * joined.width
        return ColumnRows([*self._columns, *columns])

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Row]:
        return zip(*self._columns, strict=True)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> "ColumnRows": ...
    def __getitem__(self, index: int | slice) -> "Row | ColumnRows":
        if isinstance(index, slice):
            length = len(self)
            if index.indices(length) == (0, length, 1):  # a page is usually shorter than its limit: copy nothing
                return self
            return ColumnRows([column[index] for column in self._columns])
        return tuple([column[index] for column in self._columns])


class JsonRows(Sequence[Row]):
    """Rows that stay texts, which are parsed at each use and not cached.

    So of the many lists of a report, only those that are being written are in memory as Python objects.
    """

    __slots__ = ("_joined", "_layout", "_texts")

    def __init__(self, layout: JsonLayout[Any], texts: Texts, joined: Sequence[JoinedRows] = ()) -> None:
        self._layout = layout
        self._texts = texts
        self._joined = joined

    def __len__(self) -> int:
        return len(self.column(0))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._parse())

    def join(self, joined: Sequence[JoinedRows]) -> "JsonRows":
        """Return the rows with the columns of the records that they refer to."""
        return JsonRows(self._layout, self._texts, joined)

    def column(self, index: int) -> Column:
        """Return the values of one column."""
        return self._layout.parse_column(self._texts, index)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> ColumnRows: ...
    def __getitem__(self, index: int | slice) -> Row | ColumnRows:
        return self._parse()[index]

    def _parse(self) -> ColumnRows:
        rows = self._layout.parse(self._texts)
        for joined in self._joined:
            rows = rows.join(joined)
        return rows


# Types that JSON has.
_JSON_TYPES: Final = (str, int, bool)

# PostgreSQL's infinite dates are to the driver the first and the last date of Python.
_INFINITE_DATES: Final = {"-infinity": date.min.isoformat(), "infinity": date.max.isoformat()}
_DATE_LENGTH: Final = len("2026-11-23")
_TIME_LENGTH: Final = len("16:00:00")
_SECOND_LENGTH: Final = len("2026-11-23T16:00:00")
_OFFSET_LENGTH: Final = len("+00:00")
_MICROSECOND_LENGTH: Final = len("2026-11-23T16:00:00.000001")


_UNCHANGED_LENGTHS: Final[Mapping[type, int]] = {
    UUID: len("01a21fa0-7153-7483-aba0-6a2266bab743"),
    date: _DATE_LENGTH,
    time: _TIME_LENGTH,
    datetime: _SECOND_LENGTH + _OFFSET_LENGTH,
}
"""The length of the texts that stay as they are. Shorter than these are only null and the infinities."""
_PUNCTUATION_LENGTH: Final = len('"", ')


def _all_have_length(text: str | None, count: int, length: int | None) -> bool:
    """Return whether all values in the text of a column have this length, without looking at each of them.

    If no value is shorter, and the average is the length, all have it. The shorter ones (`_UNCHANGED_LENGTHS`) contain
    an n.
    """
    if text is None or length is None:
        return False
    return len(text) == count * (length + _PUNCTUATION_LENGTH) and "n" not in text


def _lengths(texts: Column) -> set[int]:
    return set(map(len, filter(None, texts)))


def _dates(texts: Column) -> Column:
    if _lengths(texts) <= {_DATE_LENGTH}:
        return texts
    finite = [_INFINITE_DATES.get(text, text) for text in texts]
    if _lengths(finite) <= {_DATE_LENGTH}:
        return finite
    raise ValueError("a date that Python cannot represent")


def _times(texts: Column) -> Column:
    if _lengths(texts) <= {_TIME_LENGTH}:
        return texts
    raise ValueError("a time of day with a fraction of a second")


def _instants(texts: Column) -> Column:
    if _lengths(texts) <= {_SECOND_LENGTH + _OFFSET_LENGTH, _MICROSECOND_LENGTH + _OFFSET_LENGTH}:
        return texts
    return [text and _instant(text) for text in texts]


def _instant(text: str) -> str:
    # PostgreSQL omits the trailing zeros of a fraction of a second.
    if len(text) == _SECOND_LENGTH + _OFFSET_LENGTH:
        return text
    if text[_SECOND_LENGTH : _SECOND_LENGTH + 1] == "." and len(text) <= _MICROSECOND_LENGTH + _OFFSET_LENGTH:
        return text[:-_OFFSET_LENGTH].ljust(_MICROSECOND_LENGTH, "0") + text[-_OFFSET_LENGTH:]
    raise ValueError("an instant that Python cannot represent")


def _parsed(parse: Callable[[str], Any], normalize: Convert) -> Convert:
    return lambda texts: [text if text is None else parse(text) for text in normalize(texts)]


def _unchanged(texts: Column) -> Column:
    return texts


_TO_TEXTS: Final[Mapping[type, Convert]] = {UUID: _unchanged, date: _dates, time: _times, datetime: _instants}
_TO_VALUES: Final[Mapping[type, Convert]] = {
    UUID: _parsed(UUID, _unchanged),
    date: _parsed(date.fromisoformat, _dates),
    time: _parsed(time.fromisoformat, _times),
    datetime: _parsed(datetime.fromisoformat, _instants),
}

"""Rows that PostgreSQL gives as JSON: one text for a list, in it an array for each column.

The driver makes a Python object of each value by a call of its own; a JSON parser makes those of a whole list at once.
For long lists that takes a third of the time, and less where the values' text will do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, overload
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, cast, func
from sqlalchemy.sql.expression import FromClause

from db.sql.layouts import LAYOUTS_KEPT, Layout, make_nothing

Record = TypeVar("Record")
Row = tuple[Any, ...]
Column = list[Any]
Convert = Callable[[Column], Column]


class JsonLayout(Generic[Record]):
    """How rows are read from JSON.

    Attributes:
        rows: How some fields of records lie in the rows; no record can be made of them.
    """

    def __init__(self, layout: Layout[Record], values: frozenset[str]) -> None:
        """Take how the same rows are read from the driver, and the fields of which no text will do.

        Raises KeyError or NotImplementedError where a column holds what has no form in JSON.
        """
        texts: dict[str, type] = {}
        self._converted: list[tuple[int, Convert]] = []
        for index, column in enumerate(layout.selected):
            name, kind = str(column.key), column.type.python_type
            if kind in _PLAIN:
                continue
            if name not in values:
                texts[name] = kind
            self._converted.append((index, _TO_VALUES[kind] if name in values else _TO_TEXTS[kind]))
        self.rows = Layout(layout.record_class, layout.selected, make_nothing, layout.codes, texts=texts)

    @staticmethod
    def text_of(rows: FromClause) -> ColumnElement[str]:
        """Return what selects all rows of a subquery as one text, in the order in which they come."""
        return cast(func.json_build_array(*map(func.json_agg, rows.c)), Text)

    def parsed(self, text: str) -> "Columns":
        """Return the rows of such a text. Raise ValueError where one holds, by its length, no value of Python's."""
        # What is aggregated of no rows is null.
        columns: list[Column] = [column or [] for column in orjson.loads(text)]
        for index, convert in self._converted:
            columns[index] = convert(columns[index])
        return Columns(columns)


@lru_cache(LAYOUTS_KEPT)
def json_layout(layout: Layout[Record], values: frozenset[str]) -> JsonLayout[Record] | None:
    """Return how rows are read from JSON, as `JsonLayout` takes it; None where they cannot be."""
    try:
        return JsonLayout(layout, values)
    except (KeyError, NotImplementedError):  # the latter is what SQLAlchemy raises for types of no class in Python
        return None


class Columns(Sequence[Row]):
    """Columns, all of one length, as a list of rows, each made when it is asked for."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Row]:
        return zip(*self._columns, strict=True)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> "Columns": ...
    def __getitem__(self, index: int | slice) -> "Row | Columns":
        if isinstance(index, slice):
            length = len(self)
            if index.indices(length) == (0, length, 1):  # a page is usually shorter than its limit: copy nothing
                return self
            return Columns([column[index] for column in self._columns])
        return tuple([column[index] for column in self._columns])


class JsonRows(Sequence[Row]):
    """Rows that stay a text. It is parsed each time they are looked at, and what comes of it is soon let go.

    So of a report's many lists only those that are being written lie in memory as Python objects.
    """

    __slots__ = ("_layout", "_text")

    def __init__(self, layout: JsonLayout[Any], text: str) -> None:
        self._layout = layout
        self._text = text

    def __len__(self) -> int:
        return len(self._layout.parsed(self._text))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._layout.parsed(self._text))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Columns: ...
    def __getitem__(self, index: int | slice) -> Row | Columns:
        return self._layout.parsed(self._text)[index]


# What JSON has itself.
_PLAIN: Final = (str, int, bool)

# How PostgreSQL writes the days that the driver takes for the first and the last that Python knows.
_ENDS: Final = {"-infinity": date.min.isoformat(), "infinity": date.max.isoformat()}
_DATE: Final = len("2026-11-23")
_TIME: Final = len("16:00:00")
_SECOND: Final = len("2026-11-23T16:00:00")
_OFFSET: Final = len("+00:00")
_MICROSECOND: Final = len("2026-11-23T16:00:00.000001")


def _lengths(texts: Column) -> set[int]:
    return set(map(len, filter(None, texts)))


def _dates(texts: Column) -> Column:
    if _lengths(texts) <= {_DATE}:
        return texts
    found = [_ENDS.get(text, text) for text in texts]
    if _lengths(found) <= {_DATE}:
        return found
    raise ValueError("a day that Python does not know")


def _times(texts: Column) -> Column:
    if _lengths(texts) <= {_TIME}:
        return texts
    raise ValueError("a time of day with a fraction of a second")


def _instants(texts: Column) -> Column:
    if _lengths(texts) <= {_SECOND + _OFFSET, _MICROSECOND + _OFFSET}:
        return texts
    return [text and _instant(text) for text in texts]


def _instant(text: str) -> str:
    # PostgreSQL leaves out the zeros that a fraction of a second ends with.
    if len(text) == _SECOND + _OFFSET:
        return text
    if text[_SECOND : _SECOND + 1] == "." and len(text) <= _MICROSECOND + _OFFSET:
        return text[:-_OFFSET].ljust(_MICROSECOND, "0") + text[-_OFFSET:]
    raise ValueError("an instant that Python does not know")


def _each(parse: Callable[[str], Any], texts_of: Convert) -> Convert:
    return lambda texts: [text if text is None else parse(text) for text in texts_of(texts)]


def _ids(texts: Column) -> Column:
    return texts


_TO_TEXTS: Final[Mapping[type, Convert]] = {UUID: _ids, date: _dates, time: _times, datetime: _instants}
_TO_VALUES: Final[Mapping[type, Convert]] = {
    UUID: _each(UUID, _ids),
    date: _each(date.fromisoformat, _dates),
    time: _each(time.fromisoformat, _times),
    datetime: _each(datetime.fromisoformat, _instants),
}

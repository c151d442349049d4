"""Rows as JSON: reading all columns at once gives what reading each of them gives."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.sql.json_rows import JsonLayout, json_layout
from db.sql.rows import OCCURRENCES

Texts = list[str | None]

_TYPES: Final = [column.type.python_type for column in OCCURRENCES.selected]
_USUAL: Final[dict[type, str]] = {
    UUID: "01a21fa0-7153-7483-aba0-6a2266bab743",
    date: "2026-11-27",
    time: "09:00:00",
    datetime: "2026-11-27T16:00:00+00:00",
}
_UNUSUAL: Final[dict[type, Texts]] = {
    UUID: [None],
    date: [None, "infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "5874897-12-31"],
    time: [None, "24:00:00", "09:00:00.5", "09:00:00.000001"],
    datetime: [None, "infinity", "2026-11-27T16:00:00.5+00:00", "2026-11-27T16:00:00.123456+00:00"],
}


@given(data=st.data(), count=st.integers(0, 6), column=st.sampled_from(range(len(_TYPES))))
def test_all_columns_at_once_are_what_each_of_them_is(data: st.DataObject, count: int, column: int) -> None:
    kind = _TYPES[column]
    values = st.sampled_from([_USUAL.get(kind, "text"), *_UNUSUAL.get(kind, [])])
    _check(column, data.draw(st.lists(values, min_size=count, max_size=count)))


@pytest.mark.parametrize(
    "values",
    [
        ["infinity", "-infinity", "0044-03-15 BC"],
        [None, "5874897-12-31", "5874897-12-31", "10000-01-01", "10000-01-01"],
    ],
)
def test_unusual_dates_with_the_usual_length_on_average_are_noticed(values: Texts) -> None:
    assert sum(len(json.dumps(value)) for value in values) == len(values) * len('"2026-11-27"')
    assert _check(_TYPES.index(date), values) == "a date that Python cannot represent"


def _check(column: int, values: Texts) -> Any:
    """Compare both ways to read rows of which one column has these values, and return the result."""
    texts = [_text([_USUAL.get(kind, "text")] * len(values)) for kind in _TYPES]
    texts[column] = _text(values)
    layout = _layout()
    columns = range(len(_TYPES))
    at_once = _outcome(lambda: [[row[index] for row in layout.parse(texts)] for index in columns])
    assert at_once == _outcome(lambda: [layout.parse_column(texts, index) for index in columns])
    return at_once


def _text(values: Sequence[str | None]) -> str | None:
    # PostgreSQL's json_agg separates values as Python does, and is null for no rows.
    return json.dumps(values) if values else None


def _layout() -> JsonLayout[Any]:
    layout = json_layout(OCCURRENCES, frozenset())
    assert layout is not None
    return layout


def _outcome(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ValueError as error:
        return str(error)

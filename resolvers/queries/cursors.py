"""Cursors: the keys of a record as opaque text."""

import base64
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import orjson

from db.sql.layouts import CACHED_LAYOUTS, Layout
from db.sql.listings import Listing
from domain.texts import is_storable
from resolvers.errors import BadInput

Record = TypeVar("Record")


class Keyed(Protocol):
    """A list whose elements have keys: a `Listing`, or one that is computed."""

    @property
    def name(self) -> str:
        """Distinguishes the cursors of this list and order from those of others."""

    @property
    def types(self) -> tuple[type, ...]:
        """The Python types of the keys."""


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_MAX_LENGTH: Final = 3000


@lru_cache(CACHED_LAYOUTS)
def cursor_maker(listing: Listing[Record], layout: Layout[Record]) -> Callable[[Sequence[Any]], str]:
    """Return a function that returns the cursor of a row. The row holds at least the listing's `key_fields`.

    The text of a field makes the same cursor as its value.
    """
    name, keys_of = listing.name, _keys_of_rows(listing, layout)

    def make_cursor(row: Sequence[Any]) -> str:
        # As `cursor_of_keys`. A page of a report has thousands of cursors, and a call takes a quarter of their time.
        parts = orjson.dumps((name, *keys_of(row)), str)
        return b2a_base64(parts, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()

    return make_cursor


def _keys_of_rows(listing: Listing[Any], layout: Layout[Any]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    columns = [layout.column(field) for field in listing.key_fields]
    make_keys = listing.keys
    if len(columns) == 1:
        [column] = columns
        return lambda row: (row[column],) if make_keys is None else make_keys(row[column])
    values = itemgetter(*columns)
    return values if make_keys is None else lambda row: make_keys(*values(row))


def cursor_of_keys(name: str, keys: Sequence[Any]) -> str:
    """Return the cursor of an element of a list, by the name of the list and the element's keys."""
    parts = orjson.dumps((name, *keys), str)
    return b2a_base64(parts, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()  # urlsafe_b64encode is slower


def cursor_keys(listing: Keyed, text: str | None, argument: str) -> tuple[Any, ...] | None:
    """Return the keys of a cursor, None for none. Raise BadInput if it is not a cursor of this list."""
    if text is None:
        return None
    invalid = invalid_cursor(argument)
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise invalid
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        raise invalid from None
    if not isinstance(parts, list) or not parts or not isinstance(parts[0], str):
        raise invalid
    if parts[0] != listing.name:
        raise BadInput(f"`{argument}` is a cursor of another list or another order.", argument)
    if len(parts) != len(listing.types) + 1:
        raise invalid
    try:
        return tuple(_PARSERS[kind](value) for kind, value in zip(listing.types, parts[1:], strict=True))
    except ValueError:
        raise invalid from None


def invalid_cursor(argument: str) -> BadInput:
    """Return the error of an argument that is not a cursor."""
    return BadInput(f"`{argument}` is not a valid cursor. Pass one that this list returned, unchanged.", argument)


def _text(value: object) -> str:
    if isinstance(value, str) and is_storable(value):
        return value
    raise ValueError


def _integer(value: object) -> int:
    # No key exceeds the range of a database's integer.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    raise ValueError


def _time(value: object) -> time:
    parsed = time.fromisoformat(_text(value))
    if parsed.tzinfo is not None:
        raise ValueError
    return parsed


def _instant(value: object) -> datetime:
    parsed = datetime.fromisoformat(_text(value))
    if parsed.tzinfo is None or not 2 <= parsed.year <= 9998:
        raise ValueError
    return parsed


_PARSERS: Final[dict[type, Callable[[object], Any]]] = {
    str: _text,
    int: _integer,
    UUID: lambda value: UUID(_text(value)),
    date: lambda value: date.fromisoformat(_text(value)),
    time: _time,
    datetime: _instant,
}

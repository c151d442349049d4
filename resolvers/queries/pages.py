"""Pages as the API asks for them: sizes, opaque cursors, and what tells a page's place in its list."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from db.queries.pages import Slice
from db.sql.page_statements import Order, Window
from domain.selections import Fields
from domain.texts import is_storable
from resolvers.errors import BadInput
from resolvers.loader import Loader
from resolvers.loaders import Loaders

Record = TypeVar("Record")

SIZE = 50
LARGEST = 200
_LONGEST_CURSOR = 3000
# Elements from which on reading some fields alone saves more than the database takes to plan a statement of its own.
# One list stands in a statement of its own in any case: what is asked beside it differs from document to document.
MANY = 500


@dataclass(frozen=True, slots=True)
class Edge(Generic[Record]):
    """An element of a page with its cursor."""

    cursor: str
    node: Record


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


Total = Callable[[], Awaitable[int]]
"""Counts a list."""


@dataclass(frozen=True, slots=True)
class Count:
    """How long a list is, told by a loader that counts many lists at once."""

    loaders: Loaders
    loader: Callable[[Loaders], Loader[Any, int]]
    key: Any

    async def __call__(self) -> int:
        """Return it."""
        return await self.loader(self.loaders).load(self.key)


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """One page of a list. Its cursors are made, and its list is counted, only when asked for."""

    order: Order[Record]
    window: Window
    slice: Slice[Record]
    total: Total

    @property
    def nodes(self) -> Sequence[Record]:
        """The elements."""
        return self.slice.records

    @property
    def edges(self) -> list[Edge[Record]]:
        """The elements with their cursors."""
        return [Edge(cursor(self.order, record), record) for record in self.slice.records]

    @property
    def page_info(self) -> PageInfo:
        """Where the page lies."""
        window, records, more = self.window, self.slice.records, self.slice.more
        if window.backwards:
            following, preceding = window.before is not None, more
        else:
            following, preceding = more, window.after is not None
        if not records:
            return PageInfo(following, preceding, None, None)
        first, last = records[0], records[-1]
        return PageInfo(following, preceding, cursor(self.order, first), cursor(self.order, last))


@dataclass(frozen=True, slots=True)
class Counted:
    """How long a list is, which is known already."""

    length: int

    async def __call__(self) -> int:
        """Return it."""
        return self.length


async def totals(wanted: Sequence[Total]) -> Sequence[int]:
    """Return how long many lists are: those that one loader counts by one statement."""
    counts = [total for total in wanted if isinstance(total, Count)]
    if len(counts) == len(wanted) and len({(count.loader, count.loaders) for count in counts}) == 1:
        found = await counts[0].loader(counts[0].loaders).load_all([count.key for count in counts])
        return [found[count.key] for count in counts]
    return await asyncio.gather(*(total() for total in wanted))


def counted(page: Page[Record], lengths: Sequence[int]) -> Page[Record]:
    """Return the page with the length of its list, where that was read along with it."""
    return replace(page, total=Counted(lengths[0])) if lengths else page


def fields_to_read(fields: Fields | None, count: int, *, one_list: bool = False) -> Fields | None:
    """Return the fields to read of so many records: those asked for, where it pays to leave out others, else all."""
    return fields if one_list or count >= MANY else None


def window(
    order: Order[Any],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Window:
    """Return the part of a list that the arguments ask for.

    Raises:
        BadInput: For a size out of range, both sizes at once, or a cursor that is not one of this list.
    """
    if first is not None and last is not None:
        raise BadInput("Give first or last, not both.")
    size, name = (last, "last") if last is not None else (SIZE if first is None else first, "first")
    if not 1 <= size <= LARGEST:
        raise BadInput(f"{name} must be 1 to {LARGEST}; it is {size}.")
    return Window(
        size,
        last is not None,
        _place(order, after, "after") if after is not None else None,
        _place(order, before, "before") if before is not None else None,
    )


def cursor(order: Order[Record], record: Record) -> str:
    """Return the cursor of an element: its order keys, for no one to read."""
    return base64.urlsafe_b64encode(orjson.dumps([order.name, *order.keys(record)], default=str)).rstrip(b"=").decode()


def not_a_cursor(argument: str) -> BadInput:
    """Return the refusal of what is no cursor of a list."""
    return BadInput(f"{argument} is not a cursor. Give one that this list told, unchanged.")


def _place(order: Order[Any], text: str, argument: str) -> tuple[Any, ...]:
    bad = not_a_cursor(argument)
    if len(text) > _LONGEST_CURSOR or not text.isascii():
        raise bad
    try:
        told = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        raise bad from None
    if not isinstance(told, list) or not told or not isinstance(told[0], str):
        raise bad
    if told[0] != order.name:
        raise BadInput(f"{argument} is the cursor of another list or another order.")
    if len(told) != len(order.types) + 1:
        raise bad
    try:
        return tuple(_KEYS[kind](value) for kind, value in zip(order.types, told[1:], strict=True))
    except ValueError:
        raise bad from None


def _text(value: object) -> str:
    if isinstance(value, str) and is_storable(value):
        return value
    raise ValueError


def _number(value: object) -> int:
    # Nothing that is listed has a number beyond what a database's integer holds.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    raise ValueError


def _time(value: object) -> time:
    found = time.fromisoformat(_text(value))
    if found.tzinfo is not None:
        raise ValueError
    return found


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None or not 2 <= found.year <= 9998:
        raise ValueError
    return found


_KEYS: dict[type, Callable[[object], Any]] = {
    str: _text,
    int: _number,
    UUID: lambda value: UUID(_text(value)),
    date: lambda value: date.fromisoformat(_text(value)),
    time: _time,
    datetime: _instant,
}

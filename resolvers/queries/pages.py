"""Pages of lists: sizes, edges, and the position of a page in its list."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from db.queries.pages import Slice
from db.sql.layouts import CACHED_LAYOUTS, Fields, Layout, Records
from db.sql.listings import Listing, Window
from resolvers.errors import BadInput
from resolvers.loader import Loader
from resolvers.queries.cursors import cursor_keys, cursor_maker

Record = TypeVar("Record")

SIZE: Final = 50
MAX_SIZE: Final = 200
# With so many records, reading only some fields saves more time than the database takes to plan the statement.
MANY = 500


@dataclass(frozen=True, slots=True)
class PageEdge(Generic[Record]):
    """A record of a page with its cursor."""

    cursor: str
    node: Record


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The position of a page in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


Length = Callable[[], Awaitable[int]]
"""Returns the length of a list."""


@dataclass(frozen=True, slots=True)
class LoadedLength:
    """The length of a parent's list. A loader counts the lists of many parents together."""

    loader: Loader[Any, int]
    parent_id: Any

    async def __call__(self) -> int:
        """Load the length."""
        return await self.loader.load(self.parent_id)


@dataclass(frozen=True, slots=True)
class KnownLength:
    """The length of a list that was counted together with the page."""

    length: int

    async def __call__(self) -> int:
        """Return the length."""
        return self.length


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """A page of a list. Cursors are created, and the list is counted, only when they are needed."""

    listing: Listing[Record]
    slice: Slice[Record]
    total: Length

    @property
    def nodes(self) -> Sequence[Record]:
        """The records."""
        return self.slice.records

    @property
    def edges(self) -> Sequence[PageEdge[Record]]:
        """The records with their cursors."""
        records = self.slice.records
        return Records(_edge_layout(self.listing, records.layout), records.rows)

    @property
    def page_info(self) -> PagePosition:
        """The position of the page in its list."""
        window = self.slice.window
        rows = self.slice.rows[:]  # rows that stay a text are parsed once
        more = len(rows) > window.limit
        if window.backwards:
            has_next, has_previous = window.before is not None, more
        else:
            has_next, has_previous = more, window.after is not None
        if not rows:
            return PagePosition(has_next, has_previous, None, None)
        make_cursor = cursor_maker(self.listing, self.slice.layout)
        ends = make_cursor(rows[0]), make_cursor(rows[min(len(rows), window.limit) - 1])
        start, end = reversed(ends) if window.backwards else ends
        return PagePosition(has_next, has_previous, start, end)


@lru_cache(CACHED_LAYOUTS)
def _edge_layout(listing: Listing[Record], layout: Layout[Record]) -> Layout[PageEdge[Record]]:
    """Return the layout of edges that are made of the rows of their nodes."""
    make_cursor = cursor_maker(listing, layout)
    return Layout(
        PageEdge,
        (),
        lambda row: PageEdge(make_cursor(row), layout.make_record(row)),
        computed={"cursor": make_cursor},
        row_layouts={"node": layout},
    )


async def load_lengths(lengths: Sequence[Length]) -> Sequence[int]:
    """Return the lengths of many lists. Those of one loader are counted by one statement."""
    loaded = [length for length in lengths if isinstance(length, LoadedLength)]
    if len(loaded) == len(lengths) and len({length.loader for length in loaded}) == 1:
        by_parent = await loaded[0].loader.load_all([length.parent_id for length in loaded])
        return [by_parent[length.parent_id] for length in loaded]
    return await asyncio.gather(*(length() for length in lengths))


def worth_selecting(fields: Fields | None, record_count: int) -> Fields | None:
    """Return the fields if reading only them pays for so many records; else None, which reads all fields."""
    return fields if record_count >= MANY else None


def window(
    listing: Listing[Any],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Window:
    """Return the part of a list that the arguments of a connection select.

    Raises:
        BadInput: A size is out of range, both sizes are given, or a cursor is not one of this list.
    """
    if first is not None and last is not None:
        raise BadInput("Pass either `first` or `last`, not both.")
    size, name = (last, "last") if last is not None else (SIZE if first is None else first, "first")
    if not 1 <= size <= MAX_SIZE:
        raise BadInput(f"`{name}` must be between 1 and {MAX_SIZE}.")
    return Window(size, last is not None, cursor_keys(listing, after, "after"), cursor_keys(listing, before, "before"))

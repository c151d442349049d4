"""Pages of lists: sizes, edges, and the position of a page in its list."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Final, Generic, TypeVar

from db.queries.pages import Slice
from db.sql.layouts import CACHED_LAYOUTS, Fields, Layout, Records
from db.sql.listings import Listing, Window
from resolvers.errors import BadInput
from resolvers.queries.cursors import Keyed, cursor_keys, cursor_maker

Record = TypeVar("Record")

SIZE: Final = 50
MAX_SIZE: Final = 200
# From this number of records on, reading only the selected fields saves more time than planning their statement costs.
PARTIAL_READ_MINIMUM = 100


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


Length = int | Callable[[], Awaitable[int]]
"""The length of a list if it is known, or a function that counts the list."""


@dataclass(slots=True)
class Page(Generic[Record]):
    """A page of a list. Cursors are created, and the list is counted, only when they are needed.

    Attributes:
        listing: The list.
        part: The records; None if they were not read.
        total: The length of the list; None if it was not counted.
    """

    listing: Listing[Record]
    part: Slice[Record] | None
    total: Length | None
    _parsed: Slice[Record] | None = field(init=False, repr=False, compare=False, default=None)

    @property
    def slice(self) -> Slice[Record]:
        """The records. Raise ValueError if they were not read."""
        # The edges and the position of a page are made one after the other, of rows that are parsed once.
        if self._parsed is None:
            if self.part is None:
                raise ValueError("the records of this page were not read")
            self._parsed = self.part.parsed()
        return self._parsed

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
        rows = self.slice.rows
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


def pages_of_parts(
    listing: Listing[Record], parts_and_totals: Iterable[tuple[Slice[Record] | None, Length | None]]
) -> Records[Page[Record]]:
    """Return pages of a list by their parts and totals. If only the totals are needed, no pages are created."""
    return Records(_page_layout(listing), list(parts_and_totals))


@lru_cache
def _page_layout(listing: Listing[Record]) -> Layout[Page[Record]]:
    """Return the layout of pages, whose rows are their parts and totals."""
    return Layout(Page, (), lambda row: Page(listing, *row), computed={"total": itemgetter(1)})


@lru_cache(CACHED_LAYOUTS)
def _edge_layout(listing: Listing[Record], layout: Layout[Record]) -> Layout[PageEdge[Record]]:
    """Return the layout of edges, which are created from the rows of their nodes."""
    make_cursor = cursor_maker(listing, layout)
    return Layout(
        PageEdge,
        (),
        lambda row: PageEdge(make_cursor(row), layout.make_record(row)),
        computed={"cursor": make_cursor},
        row_layouts={"node": layout},
    )


async def load_lengths(lengths: Sequence[Length | None]) -> Sequence[int]:
    """Return the lengths of many lists."""
    known = [length for length in lengths if isinstance(length, int)]
    if len(known) == len(lengths):
        return known
    return await asyncio.gather(*map(load_length, lengths))


async def load_length(length: Length | None) -> int:
    """Return the length of a list. Raise ValueError if it was not counted."""
    if length is None:
        raise ValueError("this list was not counted")
    return length if isinstance(length, int) else await length()


def worth_selecting(fields: Fields | None, record_count: int) -> Fields | None:
    """Return the fields if a partial read of so many records saves time; else None, which reads all fields."""
    return fields if record_count >= PARTIAL_READ_MINIMUM else None


def window(
    listing: Keyed,
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
        raise BadInput("Pass either `first` or `last`, not both.", "last")
    size, name = (last, "last") if last is not None else (SIZE if first is None else first, "first")
    if not 1 <= size <= MAX_SIZE:
        raise BadInput(f"`{name}` must be between 1 and {MAX_SIZE}.", name)
    return Window(size, last is not None, cursor_keys(listing, after, "after"), cursor_keys(listing, before, "before"))

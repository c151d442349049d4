"""Pages of lists by keyset: a page starts after the order keys of an element, so inserts before it move nothing.

Every order ends with a unique id, and all its columns go one way, so row-value comparison finds the place at index
speed on both databases. Each combination of an order, filters and a kind of window is one statement, built once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Integer, Table, bindparam, func, or_, select, true, tuple_, union_all
from sqlalchemy.sql.expression import Select, TableValuedAlias

from db.json_rows import JsonLayout, JsonRows, json_layout
from db.layouts import Layout, Records, only
from db.lookups import Lookup
from db.snapshots import Snapshot
from db.statement import AnyOf, Listed, Statement, of_organization
from domain.selections import Fields

Record = TypeVar("Record")
Parent = TypeVar("Parent")
Key = TypeVar("Key")
Filters = Mapping[str, Any]
"""Filters by name, each with the value of the parameter of its name, or with a dict of its parameters."""
Condition = ColumnElement[bool] | tuple[ColumnElement[bool], ...]

# Many more than clients use; a caller who tries every combination of filters cannot fill the memory.
_STATEMENTS_KEPT = 1_000
_MADE_AT_ONCE: Final = 8_000
"""How many records are made before others have a turn on the event loop."""
_ROWS = bindparam("rows", type_=Integer())


@dataclass(frozen=True, eq=False)
class Order(Generic[Record]):
    """A list and its order.

    Attributes:
        name: Tells one order's cursors from another's.
        table: What is listed.
        layout: The columns that are read, and how a record is made of them.
        columns: What it is ordered by; the last is unique.
        types: The Python types of what a cursor tells.
        keys: Gives what a record's cursor tells: its values of the columns, or its id alone.
        filters: What the list can be narrowed by, by name. Where there are several conditions, of which one holds,
            each has an index of its own, and each is looked up by it.
        descending: Whether the greatest comes first.
        by_id: Whether cursors tell the id alone, and the place is looked up: for columns that name a patient, since
            cursors end up in addresses and logs.
    """

    name: str
    table: Table
    layout: Layout[Record]
    columns: tuple[ColumnElement[Any], ...]
    types: tuple[type, ...]
    keys: Callable[[Record], tuple[Any, ...]]
    filters: Mapping[str, Condition]
    descending: bool = False
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: so many elements from its start, or from its end, between two places."""

    limit: int
    backwards: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[Record]):
    """A part of a list.

    Attributes:
        window: Which part was asked for.
        layout: How records are made of its rows.
        found: Its rows as they were read: from the end where the window counts from there, and one more if there is.
    """

    window: Window
    layout: Layout[Record]
    found: Sequence[Any]

    @property
    def records(self) -> Records[Record]:
        """The records, in the list's order."""
        kept = self.found[: self.window.limit]
        return Records(self.layout, kept[::-1] if self.window.backwards else kept)

    @property
    def more(self) -> bool:
        """Whether there is more beyond the end that was counted towards."""
        return len(self.found) > self.window.limit


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a page is in its statement's text, and not in its parameters."""

    filters: tuple[str, ...]
    backwards: bool
    after: bool
    before: bool


@lru_cache(_STATEMENTS_KEPT)
def by_id(order: Order[Record]) -> Lookup[Record | None]:
    """Gives what finds one of the list's records by its id; None where the organization has none."""
    make = order.layout.make
    return Lookup(_find_one(order), "id", {}, lambda rows: make(rows[0]) if rows else None, of_one_row=True)


def page_of_one(
    order: Order[Record], parent: ColumnElement[Any], filters: Filters, window: Window, fields: Fields | None = None
) -> Lookup[Slice[Record]]:
    """Gives what finds a page of one parent's list, or some fields of its records."""
    if fields is not None:
        order = _only(order, fields.all) or order
    statement = _page(order, _shape(filters, window), parent)
    parameters = _parameters(filters, window)
    return Lookup(statement, "parent", parameters, lambda rows: Slice(window, order.layout, rows), of_one_row=False)


def count_of_one(order: Order[Any], parent: ColumnElement[Any], filters: Filters) -> Lookup[int]:
    """Gives what finds how long one parent's list is."""
    return Lookup(_count(order, tuple(filters), parent), "parent", _given(filters), _number, of_one_row=True)


def _number(rows: Sequence[Any]) -> int:
    return int(rows[0][0])


async def find(snapshot: Snapshot, order: Order[Record], ids: Sequence[Key]) -> dict[Key, Record]:
    """Gives those of the list's records, by id, that the snapshot's organization has. The id is their first column."""
    if len(ids) == 1:
        record = await snapshot.find(by_id(order), ids[0])
        return {} if record is None else {ids[0]: record}
    rows = await snapshot.fetch(_find(order), {"ids": ids})
    found: dict[Key, Record] = {}
    for start in range(0, len(rows), _MADE_AT_ONCE):
        if start:
            await asyncio.sleep(0)  # others have their turn on the event loop
        found.update((row[0], order.layout.make(row)) for row in rows[start : start + _MADE_AT_ONCE])
    return found


async def find_all(
    snapshot: Snapshot, order: Order[Record], ids: Sequence[Key], fields: Fields
) -> Records[Record] | None:
    """Gives these fields of the records with the ids, in their order; None where one of them is not there."""
    order, as_json = _reading(snapshot, order, fields.with_value("id"))
    if as_json is None:
        layout, rows = order.layout, await snapshot.fetch(_find(order), {"ids": ids})
    else:
        [[text]] = await snapshot.fetch(_find_as_json(order), {"ids": ids})
        layout, rows = as_json.rows, as_json.parsed(text)
    at = layout.columns["id"]
    found = {row[at]: row for row in rows}
    return Records(layout, [found[each] for each in ids]) if len(found) == len(ids) else None


async def read_page(snapshot: Snapshot, order: Order[Record], filters: Filters, window: Window) -> Slice[Record]:
    """Gives a page of one list of the snapshot's organization."""
    statement = _page(order, _shape(filters, window))
    return Slice(window, order.layout, await snapshot.fetch(statement, _parameters(filters, window)))


async def read_pages(
    snapshot: Snapshot,
    order: Order[Record],
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    filters: Filters,
    window: Window,
    fields: Fields | None = None,
) -> list[Slice[Record]]:
    """Gives the same page of many parents' lists, by one statement, in the order of the parents.

    Some fields of the records alone are for long lists: each set of them is a statement of its own, to be planned by
    the database.
    """
    if len(parents) == 1:
        return [await snapshot.find(page_of_one(order, parent, filters, window, fields), parents[0])]
    shape, different = _shape(filters, window), list(dict.fromkeys(parents))
    parameters = {**_parameters(filters, window), "parents": different}
    order, as_json = _reading(snapshot, order, fields)
    layout = order.layout if as_json is None else as_json.rows
    found: list[Any] = [[] for _ in different]
    if as_json is None:
        build = _pages_by_lateral_join if snapshot.on_postgresql else _pages_by_subquery
        for row in await snapshot.fetch(build(order, shape, parent), parameters):
            found[row[-1]].append(row)
    else:
        for text, number in await snapshot.fetch(_pages_as_json(order, shape, parent), parameters):
            found[number] = JsonRows(as_json, text)
    pages = [Slice(window, layout, rows) for rows in found]
    if len(different) == len(parents):
        return pages
    by_parent = dict(zip(different, pages, strict=True))
    return [by_parent[wanted] for wanted in parents]


async def count(snapshot: Snapshot, order: Order[Any], filters: Filters) -> int:
    """Gives how long a list is."""
    return _number(await snapshot.fetch(_count(order, tuple(filters)), _given(filters)))


async def counts(
    snapshot: Snapshot,
    order: Order[Any],
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    filters: Filters,
) -> list[int]:
    """Gives how long many parents' lists are, by one statement, in the order of the parents."""
    if len(parents) == 1:
        return [await snapshot.find(count_of_one(order, parent, filters), parents[0])]
    statement = _counts(order, tuple(filters), parent)
    found: dict[Any, int] = dict(map(tuple, await snapshot.fetch(statement, {**_given(filters), "parents": parents})))
    return [found.get(wanted, 0) for wanted in parents]


def _reading(
    snapshot: Snapshot, order: Order[Record], fields: Fields | None
) -> tuple[Order[Record], JsonLayout[Record] | None]:
    """Gives the order for reading some fields of its records alone, and how they are read where they come as JSON."""
    part = _only(order, fields.all) if fields is not None else None
    if fields is None or part is None:
        return order, None
    return part, json_layout(part.layout, fields.values) if snapshot.on_postgresql else None


@lru_cache(_STATEMENTS_KEPT)
def _only(order: Order[Record], names: frozenset[str]) -> Order[Record] | None:
    """Gives the order for reading some fields of its records alone; None where one of them is in no column."""
    try:
        return replace(order, layout=only(order.layout, names))
    except KeyError:
        return None


@lru_cache(_STATEMENTS_KEPT)
def _find(order: Order[Any]) -> Statement:
    return Statement(select(*order.layout.selected).where(of_organization(order.table), AnyOf(order.table.c.id, "ids")))


@lru_cache(_STATEMENTS_KEPT)
def _find_as_json(order: Order[Any]) -> Statement:
    is_any = AnyOf(order.table.c.id, "ids")
    found = select(*order.layout.selected).where(of_organization(order.table), is_any).subquery()
    return Statement(select(JsonLayout.text_of(found)))


@lru_cache(_STATEMENTS_KEPT)
def _find_one(order: Order[Any]) -> Statement:
    # For one of a list PostgreSQL would make its plan anew each time.
    is_it = order.table.c.id == bindparam("id", type_=order.table.c.id.type)
    return Statement(select(*order.layout.selected).where(of_organization(order.table), is_it))


@lru_cache(_STATEMENTS_KEPT)
def _page(order: Order[Any], shape: _Shape, parent: ColumnElement[Any] | None = None) -> Statement:
    if parent is not None:
        # A parent's list is short enough for whatever it is narrowed by.
        of_parent = parent == bindparam("parent", type_=parent.type)
        return Statement(_window(order, shape, order.layout.selected, of_parent, *_narrowed(order, shape.filters)))
    branches = list(product(*(_alternatives(order.filters[name]) for name in shape.filters)))
    if len(branches) == 1:
        return Statement(_window(order, shape, order.layout.selected, *branches[0]))
    # OR would have the database read and sort all that either side finds. So each side gives its page by its index.
    pages = [_window(order, shape, order.layout.selected, *branch).subquery() for branch in branches]
    both = union_all(*(select(*page.c) for page in pages)).subquery()
    columns = (both.c[str(column.key)] for column in order.columns)
    return Statement(select(*both.c).order_by(*_directed(order, shape, columns)).limit(_ROWS))


@lru_cache(_STATEMENTS_KEPT)
def _pages_by_lateral_join(order: Order[Any], shape: _Shape, parent: ColumnElement[Any]) -> Statement:
    """Gives the statement for PostgreSQL, with the number of the parent, from 0, as the last column.

    A third of what ranking every row by a window function takes: each parent's list is read only as far as its page.
    """
    parents, window = _parents(order, shape, parent)
    page = window.lateral("page")
    # The rows of one parent stay in their order: its page is read once, as a whole.
    return Statement(select(*page.c, parents.c.number - 1).select_from(parents.join(page, true())))


@lru_cache(_STATEMENTS_KEPT)
def _pages_as_json(order: Order[Any], shape: _Shape, parent: ColumnElement[Any]) -> Statement:
    """Gives the statement for PostgreSQL that selects a parent's page as JSON, and the parent's number."""
    parents, window = _parents(order, shape, parent)
    page = select(JsonLayout.text_of(window.correlate(parents).lateral("page")).label("text")).lateral("read")
    return Statement(select(page.c.text, parents.c.number - 1).select_from(parents.join(page, true())))


def _parents(order: Order[Any], shape: _Shape, parent: ColumnElement[Any]) -> tuple[TableValuedAlias, Select[Any]]:
    """Gives the parents, numbered from 1, and what selects the page of one of them."""
    values = bindparam("parents", type_=ARRAY(parent.type))
    parents = func.unnest(values).table_valued("parent", with_ordinality="number").render_derived("parents")
    of_parent = parent == parents.c.parent
    return parents, _window(order, shape, order.layout.selected, of_parent, *_narrowed(order, shape.filters))


@lru_cache(_STATEMENTS_KEPT)
def _pages_by_subquery(order: Order[Any], shape: _Shape, parent: ColumnElement[Any]) -> Statement:
    """Gives the statement for SQLite, which has no lateral join, with the parent's number as the last column."""
    parents = func.json_each(bindparam("parents", type_=Listed(parent.type))).table_valued(
        "key", "value", name="parents"
    )
    listed = order.table.alias("listed")
    of_parent = parent == parents.c.value
    page = _window(order, shape, (order.table.c.id,), of_parent, *_narrowed(order, shape.filters)).correlate(parents)

    def of_listed(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return listed.c[str(column.key)]

    return Statement(
        select(*map(of_listed, order.layout.selected), parents.c.key)
        .select_from(parents.join(listed, listed.c.id.in_(page)))
        .order_by(*_directed(order, shape, map(of_listed, order.columns)))
    )


@lru_cache(_STATEMENTS_KEPT)
def _count(order: Order[Any], filters: tuple[str, ...], parent: ColumnElement[Any] | None = None) -> Statement:
    conditions = [of_organization(order.table), *_narrowed(order, filters)]
    if parent is not None:
        conditions.append(parent == bindparam("parent", type_=parent.type))
    return Statement(select(func.count()).select_from(order.table).where(*conditions))


@lru_cache(_STATEMENTS_KEPT)
def _counts(order: Order[Any], filters: tuple[str, ...], parent: ColumnElement[Any]) -> Statement:
    return Statement(
        select(parent, func.count())
        .where(of_organization(order.table), AnyOf(parent, "parents"), *_narrowed(order, filters))
        .group_by(parent)
    )


def _alternatives(condition: Condition) -> tuple[ColumnElement[bool], ...]:
    return condition if isinstance(condition, tuple) else (condition,)


def _narrowed(order: Order[Any], filters: Iterable[str]) -> list[ColumnElement[bool]]:
    return [or_(*_alternatives(order.filters[name])) for name in filters]


def _shape(filters: Filters, window: Window) -> _Shape:
    return _Shape(tuple(filters), window.backwards, window.after is not None, window.before is not None)


def _given(filters: Filters) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, value in filters.items():
        parameters |= value if isinstance(value, dict) else {name: value}
    return parameters


def _parameters(filters: Filters, window: Window) -> dict[str, Any]:
    parameters = _given(filters)
    parameters["rows"] = window.limit + 1
    for side, place in (("after", window.after), ("before", window.before)):
        if place is not None:
            parameters |= {f"{side}_{number}": value for number, value in enumerate(place)}
    return parameters


def _window(
    order: Order[Any], shape: _Shape, selected: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> Select[Any]:
    between: list[ColumnElement[bool]] = []
    place = tuple_(*order.columns)
    if shape.after:
        after = _place(order, "after")
        between.append(place < after if order.descending else place > after)
    if shape.before:
        before = _place(order, "before")
        between.append(place > before if order.descending else place < before)
    return (
        select(*selected)
        .where(of_organization(order.table), *conditions, *between)
        .order_by(*_directed(order, shape, order.columns))
        .limit(_ROWS)
    )


def _place(order: Order[Any], side: str) -> ColumnElement[Any]:
    if order.by_id:
        listed = order.table.alias()
        return (
            select(*(listed.c[str(column.key)] for column in order.columns))
            .where(of_organization(listed), listed.c.id == bindparam(f"{side}_0", type_=listed.c.id.type))
            .scalar_subquery()
        )
    return tuple_(*(bindparam(f"{side}_{number}", type_=column.type) for number, column in enumerate(order.columns)))


def _directed(order: Order[Any], shape: _Shape, columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    descending = order.descending != shape.backwards
    return [column.desc() if descending else column.asc() for column in columns]

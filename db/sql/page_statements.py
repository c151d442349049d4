"""The statements of pages by keyset: a page starts after the order keys of an element.

Every order ends with a unique id, and all its columns go one way, so row-value comparison finds the place at index
speed on both databases. Each combination of an order, filters and a kind of window is one statement, built once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Integer, Table, bindparam, func, or_, select, true, tuple_, union_all
from sqlalchemy.sql.expression import Select, TableValuedAlias

from db.sql.json_rows import JsonLayout
from db.sql.layouts import Layout
from db.sql.statement import AnyOf, Listed, Statement, of_organization

Record = TypeVar("Record")
Filters = Mapping[str, Any]
"""Filters by name, each with the value of the parameter of its name, or with a dict of its parameters."""
Condition = ColumnElement[bool] | tuple[ColumnElement[bool], ...]

STATEMENTS_KEPT: Final = 100
"""Of each of ten kinds. A statement takes 6 to 18 KB, so a client that tries every combination of filters and fields
fills some 15 MB. Building one that was forgotten takes about a millisecond."""
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
class Shape:
    """What of a page is in its statement's text, and not in its parameters."""

    filters: tuple[str, ...]
    backwards: bool
    after: bool
    before: bool


def shape_of(filters: Filters, window: Window) -> Shape:
    """Return what the statement of a page depends on."""
    return Shape(tuple(filters), window.backwards, window.after is not None, window.before is not None)


def given(filters: Filters) -> dict[str, Any]:
    """Return the parameters of the filters."""
    found: dict[str, Any] = {}
    for name, value in filters.items():
        found |= value if isinstance(value, dict) else {name: value}
    return found


def parameters(filters: Filters, window: Window) -> dict[str, Any]:
    """Return the parameters of a page: how many rows, from where, and those of the filters."""
    found = given(filters)
    found["rows"] = window.limit + 1
    for side, place in (("after", window.after), ("before", window.before)):
        if place is not None:
            found |= {f"{side}_{number}": value for number, value in enumerate(place)}
    return found


@lru_cache(STATEMENTS_KEPT)
def find_many(order: Order[Any]) -> Statement:
    """Return what selects the records with some ids."""
    return Statement(select(*order.layout.selected).where(of_organization(order.table), AnyOf(order.table.c.id, "ids")))


@lru_cache(STATEMENTS_KEPT)
def find_many_as_json(order: Order[Any]) -> Statement:
    """Return what selects, on PostgreSQL, the same as one JSON text."""
    is_any = AnyOf(order.table.c.id, "ids")
    found = select(*order.layout.selected).where(of_organization(order.table), is_any).subquery()
    return Statement(select(JsonLayout.text_of(found)))


@lru_cache(STATEMENTS_KEPT)
def find_one(order: Order[Any]) -> Statement:
    """Return what selects the record with an id."""
    # For one of a list PostgreSQL would make its plan anew each time.
    is_it = order.table.c.id == bindparam("id", type_=order.table.c.id.type)
    return Statement(select(*order.layout.selected).where(of_organization(order.table), is_it))


@lru_cache(STATEMENTS_KEPT)
def page(order: Order[Any], shape: Shape, parent: ColumnElement[Any] | None = None) -> Statement:
    """Return what selects a page of the list, or of one parent's list."""
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


@lru_cache(STATEMENTS_KEPT)
def pages_by_lateral_join(order: Order[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for PostgreSQL, with the number of the parent, from 0, as the last column.

    A third of what ranking every row by a window function takes: each parent's list is read only as far as its page.
    """
    parents, window = _parents(order, shape, parent)
    page = window.lateral("page")
    # The rows of one parent stay in their order: its page is read once, as a whole.
    return Statement(select(*page.c, parents.c.number - 1).select_from(parents.join(page, true())))


@lru_cache(STATEMENTS_KEPT)
def pages_as_json(order: Order[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for PostgreSQL that selects a parent's page as JSON, and the parent's number."""
    parents, window = _parents(order, shape, parent)
    page = select(JsonLayout.text_of(window.correlate(parents).lateral("page")).label("text")).lateral("read")
    return Statement(select(page.c.text, parents.c.number - 1).select_from(parents.join(page, true())))


def _parents(order: Order[Any], shape: Shape, parent: ColumnElement[Any]) -> tuple[TableValuedAlias, Select[Any]]:
    """Return the parents, numbered from 1, and what selects the page of one of them."""
    values = bindparam("parents", type_=ARRAY(parent.type))
    parents = func.unnest(values).table_valued("parent", with_ordinality="number").render_derived("parents")
    of_parent = parent == parents.c.parent
    return parents, _window(order, shape, order.layout.selected, of_parent, *_narrowed(order, shape.filters))


@lru_cache(STATEMENTS_KEPT)
def pages_by_subquery(order: Order[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for SQLite, which has no lateral join, with the parent's number as the last column."""
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


@lru_cache(STATEMENTS_KEPT)
def count(order: Order[Any], filters: tuple[str, ...], parent: ColumnElement[Any] | None = None) -> Statement:
    """Return what counts the list, or one parent's list."""
    conditions = [of_organization(order.table), *_narrowed(order, filters)]
    if parent is not None:
        conditions.append(parent == bindparam("parent", type_=parent.type))
    return Statement(select(func.count()).select_from(order.table).where(*conditions))


@lru_cache(STATEMENTS_KEPT)
def counts(order: Order[Any], filters: tuple[str, ...], parent: ColumnElement[Any]) -> Statement:
    """Return what counts many parents' lists."""
    return Statement(
        select(parent, func.count())
        .where(of_organization(order.table), AnyOf(parent, "parents"), *_narrowed(order, filters))
        .group_by(parent)
    )


def _alternatives(condition: Condition) -> tuple[ColumnElement[bool], ...]:
    return condition if isinstance(condition, tuple) else (condition,)


def _narrowed(order: Order[Any], filters: Iterable[str]) -> list[ColumnElement[bool]]:
    return [or_(*_alternatives(order.filters[name])) for name in filters]


def _window(
    order: Order[Any], shape: Shape, selected: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
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


def _directed(order: Order[Any], shape: Shape, columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    descending = order.descending != shape.backwards
    return [column.desc() if descending else column.asc() for column in columns]

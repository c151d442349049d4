"""SQL statements of pages by keyset: a page starts after the keys of a record.

Every order ends with a unique id and has one direction, so a comparison of row values finds the start by an index on
both databases. Each combination of a listing, conditions and a kind of window is one statement, built once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Integer,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.expression import Select, TableValuedAlias

from db.sql.json_rows import JsonLayout
from db.sql.listings import IDS, Alternative, Condition, Conditions, EachOf, Listing, Window
from db.sql.statement import Listed, Statement, as_array, equals, of_organization

CACHED_STATEMENTS: Final = 100
"""The size of each of ten caches. A statement takes 6 to 18 KB, so a client that tries every combination of conditions
and fields fills some 15 MB. Building an evicted statement again takes about a millisecond."""
ROWS = bindparam("rows", type_=Integer())


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of a page that are in the text of its statement rather than in the parameters."""

    conditions: tuple[str, ...]
    backwards: bool
    after: bool
    before: bool


def shape_of(conditions: Conditions, window: Window) -> Shape:
    """Return the shape of a page."""
    return Shape(tuple(conditions), window.backwards, window.after is not None, window.before is not None)


def condition_parameters(conditions: Conditions) -> dict[str, Any]:
    """Return the parameters of the conditions."""
    parameters: dict[str, Any] = {}
    for name, value in conditions.items():
        parameters |= value if isinstance(value, dict) else {name: value}
    return parameters


def page_parameters(conditions: Conditions, window: Window) -> dict[str, Any]:
    """Return the parameters of a page: the number of rows, the keys of its cursors, and those of the conditions."""
    parameters = condition_parameters(conditions)
    parameters["rows"] = window.limit + 1
    for side, keys in (("after", window.after), ("before", window.before)):
        if keys is not None:
            parameters |= {f"{side}_{number}": key for number, key in enumerate(keys)}
    return parameters


@lru_cache(CACHED_STATEMENTS)
def select_page(listing: Listing[Any], shape: Shape, parent: ColumnElement[Any] | None = None) -> Statement:
    """Return the statement that selects a page of the organization's list, or of one parent's list."""
    selected = listing.layout.selected
    if parent is not None:
        # The list of one parent is short: no condition needs an index of its own.
        of_parent = parent == bindparam("parent", type_=parent.type)
        return Statement(
            _select_window(listing, shape, selected, of_parent, *combined_conditions(listing, shape.conditions))
        )
    if not listing.few.isdisjoint(shape.conditions):
        unindexed = literal_column(f"+{listing.table.name}.organization_id", listing.table.c.organization_id.type)
        has_ids = IDS in shape.conditions
        # The plus keeps SQLite off the indexes that start with the organization. It finds the rows by their ids.
        on_sqlite = equals(unindexed, "organization_id") if has_ids else of_organization(listing.table)
        return Statement(
            _sort_few(listing, shape, of_organization(listing.table)), sqlite=_sort_few(listing, shape, on_sqlite)
        )
    branches = list(product(*(_alternatives(listing.conditions[name]) for name in shape.conditions)))
    if len(branches) == 1 and not any(isinstance(alternative, EachOf) for alternative in branches[0]):
        return Statement(_select_window(listing, shape, selected, *map(_condition, branches[0])))
    return Statement(
        _merge_windows(listing, shape, branches, _select_each_by_lateral_join),
        sqlite=_merge_windows(listing, shape, branches, _select_each_by_subquery),
    )


def _sort_few(listing: Listing[Any], shape: Shape, owned: ColumnElement[bool]) -> Select[Any]:
    """Return the query of a page of rows that are read first, in any order. `owned` says that they are one's own."""
    selected = listing.layout.selected
    conditions = combined_conditions(listing, shape.conditions)
    few = (
        select(*selected, *_order_not_in(listing, selected))
        .where(owned, *conditions)
        .cte("few")
        .prefix_with("MATERIALIZED")
    )
    order = [few.c[str(column.key)] for column in listing.columns]
    bounds = _bounds(listing, shape, order)
    return select(*list(few.c)[: len(selected)]).where(*bounds).order_by(*directed(listing, shape, order)).limit(ROWS)


def _order_not_in(listing: Listing[Any], selected: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return the columns of the list's order that are not selected."""
    return [column for column in listing.columns if column not in set(selected)]


def _merge_windows(
    listing: Listing[Any], shape: Shape, branches: Iterable[Sequence[Alternative]], select_each: Callable[..., Any]
) -> Select[Any]:
    """Return the query of a page of the rows that match one of the branches, each of which is a set of conditions."""
    # With OR the database would read and sort all rows of all alternatives. Here each one gives a page by its index.
    selected = listing.layout.selected
    order = _order_not_in(listing, selected)
    windows = []
    for branch in branches:
        each = next((alternative for alternative in branch if isinstance(alternative, EachOf)), None)
        conditions = [_condition(alternative) for alternative in branch if alternative is not each]
        if each is None:
            window = _select_window(listing, shape, (*selected, *order), *conditions)
        else:
            window = select_each(listing, shape, (*selected, *order), each, conditions)
        windows.append(window.subquery())
    merged = union_all(*(select(*window.c) for window in windows)).subquery()
    columns = (merged.c[str(column.key)] for column in listing.columns)
    read = list(merged.c)[: len(selected)]
    return select(*read).order_by(*directed(listing, shape, columns)).limit(ROWS)


def _select_each_by_lateral_join(
    listing: Listing[Any],
    shape: Shape,
    selected: Sequence[ColumnElement[Any]],
    each: EachOf,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """Return the query for PostgreSQL of a page of each value's rows."""
    parameter = bindparam(each.parameter, type_=Listed(each.column.type))
    values = func.unnest(as_array(parameter)).table_valued("value").render_derived("given")
    of_value = each.column == values.c.value
    window = _select_window(listing, shape, selected, of_value, each.also, *conditions)
    page = window.lateral("page")
    return select(*page.c).select_from(values.join(page, true()))


def _select_each_by_subquery(
    listing: Listing[Any],
    shape: Shape,
    selected: Sequence[ColumnElement[Any]],
    each: EachOf,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """Return the same query for SQLite, which has no lateral join."""
    parameter = bindparam(each.parameter, type_=Listed(each.column.type))
    values = func.json_each(parameter).table_valued("value", name="given")
    listed = listing.table.alias("listed")
    of_value = each.column == values.c.value
    page = _select_window(listing, shape, (listing.table.c.id,), of_value, each.also, *conditions).correlate(values)
    columns = (listed.c[str(column.key)] for column in selected)
    return select(*columns).select_from(values.join(listed, listed.c.id.in_(page)))


@lru_cache(CACHED_STATEMENTS)
def select_pages_by_lateral_join(listing: Listing[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for PostgreSQL that selects many parents' pages.

    The last column is the number of the parent, from 0. It takes a third of the time of ranking all rows by a window
    function, because each parent's list is read only as far as its page.
    """
    parents, window = _parents(listing, shape, parent)
    page = window.lateral("page")
    # The rows of one parent stay in their order: its page is read once, as a whole.
    return Statement(select(*page.c, parents.c.number - 1).select_from(parents.join(page, true())))


@lru_cache(CACHED_STATEMENTS)
def select_pages_as_json(listing: Listing[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for PostgreSQL that selects each parent's page as JSON texts, and the parent's number."""
    parents, window = _parents(listing, shape, parent)
    page = select(*JsonLayout.texts_of(window.correlate(parents).lateral("page"))).lateral("read")
    return Statement(select(*page.c, parents.c.number - 1).select_from(parents.join(page, true())))


def _parents(listing: Listing[Any], shape: Shape, parent: ColumnElement[Any]) -> tuple[TableValuedAlias, Select[Any]]:
    """Return the parents, numbered from 1, and the query of one parent's page."""
    parents, _ = numbered_parents(parent)
    of_parent = parent == parents.c.parent
    conditions = combined_conditions(listing, shape.conditions)
    return parents, _select_window(listing, shape, listing.layout.selected, of_parent, *conditions)


def numbered_parents(parent: ColumnElement[Any]) -> tuple[TableValuedAlias, BindParameter[Any]]:
    """Return the parents for PostgreSQL as a table with their numbers, from 1, and as a parameter."""
    values = bindparam("parents", type_=ARRAY(parent.type))
    return func.unnest(values).table_valued("parent", with_ordinality="number").render_derived("parents"), values


@lru_cache(CACHED_STATEMENTS)
def select_pages_by_subquery(listing: Listing[Any], shape: Shape, parent: ColumnElement[Any]) -> Statement:
    """Return the statement for SQLite, which has no lateral join, with the parent's number as the last column."""
    parents = func.json_each(bindparam("parents", type_=Listed(parent.type))).table_valued(
        "key", "value", name="parents"
    )
    listed = listing.table.alias("listed")
    of_parent, conditions = parent == parents.c.value, combined_conditions(listing, shape.conditions)
    page = _select_window(listing, shape, (listing.table.c.id,), of_parent, *conditions).correlate(parents)

    def of_listed(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return listed.c[str(column.key)]

    return Statement(
        select(*map(of_listed, listing.layout.selected), parents.c.key)
        .select_from(parents.join(listed, listed.c.id.in_(page)))
        .order_by(*directed(listing, shape, map(of_listed, listing.columns)))
    )


def _alternatives(condition: Condition) -> tuple[Alternative, ...]:
    return condition if isinstance(condition, tuple) else (condition,)


def _condition(alternative: Alternative) -> ColumnElement[bool]:
    return alternative.condition if isinstance(alternative, EachOf) else alternative


def combined_conditions(listing: Listing[Any], names: Iterable[str]) -> list[ColumnElement[bool]]:
    """Return the conditions with these names, each as one condition in SQL."""
    return [or_(*map(_condition, _alternatives(listing.conditions[name]))) for name in names]


def _select_window(
    listing: Listing[Any], shape: Shape, selected: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
) -> Select[Any]:
    bounds = _bounds(listing, shape, listing.columns)
    return (
        select(*selected)
        .where(of_organization(listing.table), *conditions, *bounds)
        .order_by(*directed(listing, shape, listing.columns))
        .limit(ROWS)
    )


def _bounds(listing: Listing[Any], shape: Shape, order: Iterable[ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """Return the conditions that a row, by the columns of its order, is between the cursors of a page."""
    bounds: list[ColumnElement[bool]] = []
    keys = tuple_(*order)
    if shape.after:
        after = _cursor_keys(listing, "after")
        bounds.append(keys < after if listing.descending else keys > after)
    if shape.before:
        before = _cursor_keys(listing, "before")
        bounds.append(keys > before if listing.descending else keys < before)
    return bounds


def _cursor_keys(listing: Listing[Any], side: str) -> ColumnElement[Any]:
    if listing.cursor_is_id:
        listed = listing.table.alias()
        return (
            select(*(listed.c[str(column.key)] for column in listing.columns))
            .where(of_organization(listed), listed.c.id == bindparam(f"{side}_0", type_=listed.c.id.type))
            .scalar_subquery()
        )
    columns = enumerate(listing.columns)
    return tuple_(*(bindparam(f"{side}_{number}", type_=column.type) for number, column in columns))


def directed(listing: Listing[Any], shape: Shape, columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return the columns of the list's order, in the direction of reading."""
    descending = listing.descending != shape.backwards
    return [column.desc() if descending else column.asc() for column in columns]

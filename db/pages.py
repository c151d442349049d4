"""Pages of lists by keyset: a page starts after the order keys of an element, so inserts before it move nothing.

Every order ends with a unique id, and all its columns go one way, so row-value comparison finds the place at index
speed on both databases.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import ARRAY, ColumnElement, Table, any_, bindparam, func, literal, select, tuple_
from sqlalchemy.sql.expression import Select

from db.unit_of_work import Snapshot

Record = TypeVar("Record")
Parent = TypeVar("Parent")


@dataclass(frozen=True, eq=False)
class Order(Generic[Record]):
    """An order of a list.

    Attributes:
        name: Tells one order's cursors from another's.
        table: What is listed.
        columns: What it is ordered by; the last is unique.
        types: The Python types of what a cursor tells.
        keys: Gives what a record's cursor tells: its values of the columns, or its id alone.
        read: Makes a record of a row.
        descending: Whether the greatest comes first.
        by_id: Whether cursors tell the id alone, and the place is looked up: for columns that name a patient, since
            cursors end up in addresses and logs.
    """

    name: str
    table: Table
    columns: tuple[ColumnElement[Any], ...]
    types: tuple[type, ...]
    keys: Callable[[Record], tuple[Any, ...]]
    read: Callable[[Any], Record]
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
    """A part of a list, in the list's order, and whether there is more beyond the end that was counted towards."""

    records: list[Record]
    more: bool


def among(snapshot: Snapshot, column: ColumnElement[Any], ids: Iterable[Any]) -> ColumnElement[bool]:
    """Gives the condition that the column is one of the ids, with one parameter however many there are."""
    if snapshot.connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(ids), type_=ARRAY(column.type), unique=True))
    listed = orjson.dumps([value if isinstance(value, str) else value.hex for value in ids]).decode()
    return column.in_(select(func.json_each(listed).table_valued("value").c.value))


async def read_page(
    snapshot: Snapshot, order: Order[Record], conditions: Sequence[ColumnElement[bool]], window: Window
) -> Slice[Record]:
    """Gives a page of one list. The organization is always among the conditions."""
    table = order.table
    query = (
        select(table)
        .where(table.c.organization_id == snapshot.organization_id, *conditions, *_between(snapshot, order, window))
        .order_by(*_sorting(order, window))
        .limit(window.limit + 1)
    )
    return _slice([order.read(row) for row in await snapshot.connection.execute(query)], window)


async def read_pages(
    snapshot: Snapshot,
    order: Order[Record],
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    conditions: Sequence[ColumnElement[bool]],
    window: Window,
) -> list[Slice[Record]]:
    """Gives the same page of many parents' lists, by one statement, in the order of the parents."""
    if len(parents) == 1:
        return [await read_page(snapshot, order, [parent == parents[0], *conditions], window)]
    table = order.table
    key = str(parent.key)
    rank = func.row_number().over(partition_by=parent, order_by=_sorting(order, window)).label("page_rank")
    ranked = (
        select(table, rank)
        .where(
            table.c.organization_id == snapshot.organization_id,
            among(snapshot, parent, parents),
            *conditions,
            *_between(snapshot, order, window),
        )
        .subquery()
    )
    query: Select[Any] = (
        select(ranked).where(ranked.c.page_rank <= window.limit + 1).order_by(ranked.c[key], ranked.c.page_rank)
    )
    found: dict[Parent, list[Record]] = {}
    position = list(ranked.c.keys()).index(key)
    for row in await snapshot.connection.execute(query):
        found.setdefault(row[position], []).append(order.read(row))
    return [_slice(found.get(wanted, []), window) for wanted in parents]


async def count(snapshot: Snapshot, table: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Gives how long a list is."""
    query = select(func.count()).select_from(table)
    return int(
        await snapshot.connection.scalar(query.where(table.c.organization_id == snapshot.organization_id, *conditions))
        or 0
    )


async def counts(
    snapshot: Snapshot,
    table: Table,
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    conditions: Sequence[ColumnElement[bool]],
) -> list[int]:
    """Gives how long many parents' lists are, by one statement, in the order of the parents."""
    rows = await snapshot.connection.execute(
        select(parent, func.count())
        .where(table.c.organization_id == snapshot.organization_id, among(snapshot, parent, parents), *conditions)
        .group_by(parent)
    )
    found: Mapping[Any, int] = {row[0]: row[1] for row in rows}
    return [found.get(wanted, 0) for wanted in parents]


def _between(snapshot: Snapshot, order: Order[Any], window: Window) -> list[ColumnElement[bool]]:
    place = tuple_(*order.columns)
    conditions: list[ColumnElement[bool]] = []
    if window.after is not None:
        after = _values(snapshot, order, window.after)
        conditions.append(place < after if order.descending else place > after)
    if window.before is not None:
        before = _values(snapshot, order, window.before)
        conditions.append(place > before if order.descending else place < before)
    return conditions


def _values(snapshot: Snapshot, order: Order[Any], keys: tuple[Any, ...]) -> ColumnElement[Any]:
    if order.by_id:
        listed = order.table.alias()
        (element_id,) = keys
        return (
            select(*(listed.c[str(column.key)] for column in order.columns))
            .where(listed.c.organization_id == snapshot.organization_id, listed.c.id == element_id)
            .scalar_subquery()
        )
    return tuple_(*(literal(key, column.type) for key, column in zip(keys, order.columns, strict=True)))


def _sorting(order: Order[Any], window: Window) -> list[ColumnElement[Any]]:
    descending = order.descending != window.backwards
    return [column.desc() if descending else column.asc() for column in order.columns]


def _slice(found: list[Record], window: Window) -> Slice[Record]:
    more = len(found) > window.limit
    kept = found[: window.limit]
    if window.backwards:
        kept.reverse()
    return Slice(kept, more)

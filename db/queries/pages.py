"""Pages of lists by keyset: inserts before the element that a page starts after move nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement

from db.sql import page_statements as statements
from db.sql.json_rows import JsonLayout, JsonRows, json_layout
from db.sql.layouts import Layout, Records, only
from db.sql.lookups import Lookup
from db.sql.page_statements import STATEMENTS_KEPT, Filters, Order, Window
from db.transactions.snapshots import Snapshot
from domain.selections import Fields

Record = TypeVar("Record")
Parent = TypeVar("Parent")
Key = TypeVar("Key")

_MADE_AT_ONCE: Final = 8_000
"""How many records are made before others have a turn on the event loop."""


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


@lru_cache(STATEMENTS_KEPT)
def by_id(order: Order[Record]) -> Lookup[Record | None]:
    """Return what finds one of the list's records by its id; None where the organization has none."""
    make = order.layout.make_record
    return Lookup(statements.find_one(order), "id", {}, lambda rows: make(rows[0]) if rows else None, of_one_row=True)


def page_of_one(
    order: Order[Record], parent: ColumnElement[Any], filters: Filters, window: Window, fields: Fields | None = None
) -> Lookup[Slice[Record]]:
    """Return what finds a page of one parent's list, or some fields of its records."""
    if fields is not None:
        order = _only(order, fields.all) or order
    statement = statements.page(order, statements.shape_of(filters, window), parent)
    parameters = statements.parameters(filters, window)
    return Lookup(statement, "parent", parameters, lambda rows: Slice(window, order.layout, rows), of_one_row=False)


def count_of_one(order: Order[Any], parent: ColumnElement[Any], filters: Filters) -> Lookup[int]:
    """Return what finds how long one parent's list is."""
    return Lookup(
        statements.count(order, tuple(filters), parent), "parent", statements.given(filters), _number, of_one_row=True
    )


def _number(rows: Sequence[Any]) -> int:
    return int(rows[0][0])


async def find(snapshot: Snapshot, order: Order[Record], ids: Sequence[Key]) -> dict[Key, Record]:
    """Return those of the list's records, by id, that the snapshot's organization has. The id is their first column."""
    if len(ids) == 1:
        record = await snapshot.find(by_id(order), ids[0])
        return {} if record is None else {ids[0]: record}
    rows = await snapshot.fetch(statements.find_many(order), {"ids": ids})
    found: dict[Key, Record] = {}
    for start in range(0, len(rows), _MADE_AT_ONCE):
        if start:
            await asyncio.sleep(0)  # others have their turn on the event loop
        found.update((row[0], order.layout.make_record(row)) for row in rows[start : start + _MADE_AT_ONCE])
    return found


async def find_all(
    snapshot: Snapshot, order: Order[Record], ids: Sequence[Key], fields: Fields
) -> Records[Record] | None:
    """Return these fields of the records with the ids, in their order; None where one of them is not there."""
    order, as_json = _reading(snapshot, order, fields.with_value("id"))
    if as_json is None:
        layout, rows = order.layout, await snapshot.fetch(statements.find_many(order), {"ids": ids})
    else:
        [[text]] = await snapshot.fetch(statements.find_many_as_json(order), {"ids": ids})
        layout, rows = as_json.rows, as_json.parsed(text)
    at = layout.columns["id"]
    found = {row[at]: row for row in rows}
    return Records(layout, [found[each] for each in ids]) if len(found) == len(ids) else None


async def read_page(snapshot: Snapshot, order: Order[Record], filters: Filters, window: Window) -> Slice[Record]:
    """Return a page of one list of the snapshot's organization."""
    statement = statements.page(order, statements.shape_of(filters, window))
    return Slice(window, order.layout, await snapshot.fetch(statement, statements.parameters(filters, window)))


async def read_pages(
    snapshot: Snapshot,
    order: Order[Record],
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    filters: Filters,
    window: Window,
    fields: Fields | None = None,
) -> list[Slice[Record]]:
    """Return the same page of many parents' lists, by one statement, in the order of the parents.

    Some fields of the records alone are for long lists: each set of them is a statement of its own, to be planned by
    the database.
    """
    if len(parents) == 1:
        return [await snapshot.find(page_of_one(order, parent, filters, window, fields), parents[0])]
    shape, different = statements.shape_of(filters, window), list(dict.fromkeys(parents))
    parameters = {**statements.parameters(filters, window), "parents": different}
    order, as_json = _reading(snapshot, order, fields)
    layout = order.layout if as_json is None else as_json.rows
    found: list[Any] = [[] for _ in different]
    if as_json is None:
        build = statements.pages_by_lateral_join if snapshot.on_postgresql else statements.pages_by_subquery
        for row in await snapshot.fetch(build(order, shape, parent), parameters):
            found[row[-1]].append(row)
    else:
        for text, number in await snapshot.fetch(statements.pages_as_json(order, shape, parent), parameters):
            found[number] = JsonRows(as_json, text)
    pages = [Slice(window, layout, rows) for rows in found]
    if len(different) == len(parents):
        return pages
    by_parent = dict(zip(different, pages, strict=True))
    return [by_parent[wanted] for wanted in parents]


async def count(snapshot: Snapshot, order: Order[Any], filters: Filters) -> int:
    """Return how long a list is."""
    return _number(await snapshot.fetch(statements.count(order, tuple(filters)), statements.given(filters)))


async def counts(
    snapshot: Snapshot,
    order: Order[Any],
    parent: ColumnElement[Parent],
    parents: Sequence[Parent],
    filters: Filters,
) -> list[int]:
    """Return how long many parents' lists are, by one statement, in the order of the parents."""
    if len(parents) == 1:
        return [await snapshot.find(count_of_one(order, parent, filters), parents[0])]
    statement = statements.counts(order, tuple(filters), parent)
    found: dict[Any, int] = dict(
        map(tuple, await snapshot.fetch(statement, {**statements.given(filters), "parents": parents}))
    )
    return [found.get(wanted, 0) for wanted in parents]


def _reading(
    snapshot: Snapshot, order: Order[Record], fields: Fields | None
) -> tuple[Order[Record], JsonLayout[Record] | None]:
    """Return the order for reading some fields of its records alone, and how they are read where they come as JSON."""
    part = _only(order, fields.all) if fields is not None else None
    if fields is None or part is None:
        return order, None
    return part, json_layout(part.layout, fields.values) if snapshot.on_postgresql else None


@lru_cache(STATEMENTS_KEPT)
def _only(order: Order[Record], names: frozenset[str]) -> Order[Record] | None:
    """Return the order for reading some fields of its records alone; None where one of them is in no column."""
    try:
        return replace(order, layout=only(order.layout, names))
    except KeyError:
        return None

"""Records by id, and pages of lists by keyset: an insert before the start of a page does not shift it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from db.sql import count_statements
from db.sql import page_statements as statements
from db.sql.json_rows import JsonLayout, JsonRows, json_layout
from db.sql.layouts import Fields, Layout, Records, partial_layout
from db.sql.listings import Conditions, Listing, Window
from db.sql.lookups import Lookup
from db.sql.page_statements import CACHED_STATEMENTS
from db.sql.ranked_pages import select_ranked_page
from db.sql.record_statements import select_by_id, select_by_ids, select_by_ids_as_json, select_existing_ids
from db.sql.unions import numbered_union
from db.transactions.snapshots import Snapshot

Record = TypeVar("Record")
Key = TypeVar("Key")

_RECORDS_PER_ITERATION: Final = 8_000
"""How many records to make in one iteration of the event loop."""


class ListFilter:
    """What narrows a list. Subclasses are frozen dataclasses: they are keys of loaders."""

    def conditions(self) -> Conditions:
        """Return the conditions of the listing that the filter applies."""
        raise NotImplementedError  # a filter that must read overrides look_up_conditions instead

    async def look_up_conditions(self, _snapshot: Snapshot) -> Conditions:
        """Return the conditions, for filters that must read to know them."""
        return self.conditions()

    async def look_up_counted(self, snapshot: Snapshot) -> Conditions:
        """Return the conditions for counting, for filters that also read what only the order needs."""
        return await self.look_up_conditions(snapshot)


@dataclass(frozen=True, slots=True)
class Slice(Generic[Record]):
    """A part of a list.

    Attributes:
        window: Which part it is.
        layout: How the rows become records.
        rows: The rows in the order of reading, which is from the end if the window is backwards, and one row more if
            the list goes on.
    """

    window: Window
    layout: Layout[Record]
    rows: Sequence[Any]

    def parsed(self) -> "Slice[Record]":
        """Return the same part with rows that are not a text."""
        rows = self.rows
        return Slice(self.window, self.layout, rows[:]) if isinstance(rows, JsonRows) else self

    @property
    def records(self) -> Records[Record]:
        """The records, in the list's order."""
        rows = self.rows[: self.window.limit]
        return Records(self.layout, rows[::-1] if self.window.backwards else rows)

    def values(self, name: str) -> Sequence[Any]:
        """Return the values of a field in `Layout.columns`, one for each record, in the order of reading."""
        column = self.layout.columns[name]
        values = self.rows.column(column) if isinstance(self.rows, JsonRows) else [row[column] for row in self.rows]
        return values[: self.window.limit]

    @property
    def more(self) -> bool:
        """Whether the list goes on in the direction of reading."""
        return len(self.rows) > self.window.limit


@lru_cache(CACHED_STATEMENTS)
def record_lookup(listing: Listing[Record]) -> Lookup[Record | None]:
    """Return the lookup of a record by its id. Its value is None if the organization has no such record."""
    make = listing.layout.make_record
    statement = select_by_id(listing)
    return Lookup(statement, "id", {}, lambda rows: make(rows[0]) if rows else None, of_one_row=True)


async def find_records(snapshot: Snapshot, listing: Listing[Record], ids: Sequence[Key]) -> dict[Key, Record]:
    """Return the records that the organization has, by id. The id is the first column of the listing's layout."""
    if len(ids) == 1:
        record = await snapshot.find(record_lookup(listing), ids[0])
        return {} if record is None else {ids[0]: record}
    rows = await snapshot.fetch(select_by_ids(listing), {"ids": ids})
    records: dict[Key, Record] = {}
    make_record = listing.layout.make_record
    for start in range(0, len(rows), _RECORDS_PER_ITERATION):
        if start:
            await asyncio.sleep(0)  # let other requests run
        for row in rows[start : start + _RECORDS_PER_ITERATION]:
            records[row[0]] = make_record(row)
    return records


async def find_listings(
    snapshot: Snapshot, ids: Sequence[UUID], listings: tuple[Listing[Any], ...]
) -> dict[UUID, Listing[Any]]:
    """Return which of the listings has the record with an id, by one statement. Ids of no record are left out."""
    selects = [select_existing_ids(listing) for listing in listings]
    rows = await snapshot.fetch(*numbered_union(selects, [{"ids": ids}] * len(listings)))
    return {record_id: listings[number] for number, record_id in rows}


async def find_partial_records(
    snapshot: Snapshot, listing: Listing[Record], ids: Sequence[Key], fields: Fields
) -> Records[Record] | None:
    """Return these fields of the records with the ids, in their order; None if one of them does not exist."""
    layout, rows = await find_partial_rows(snapshot, listing, ids, fields)
    return Records(layout, [rows[key] for key in ids]) if len(rows) == len(ids) else None


async def find_partial_rows(
    snapshot: Snapshot, listing: Listing[Record], ids: Sequence[Key], fields: Fields
) -> tuple[Layout[Record], dict[Key, Sequence[Any]]]:
    """Return the layout of rows with these fields, and the rows that exist by id."""
    listing, as_json = partial_listing(snapshot, listing, fields.with_value("id"))
    rows: Sequence[Any]
    if as_json is None:
        layout, rows = listing.layout, await snapshot.fetch(select_by_ids(listing), {"ids": ids})
    else:
        [texts] = await snapshot.fetch(select_by_ids_as_json(listing), {"ids": ids})
        layout, rows = as_json.rows, as_json.parse(texts)
    column = layout.columns["id"]
    return layout, {row[column]: row for row in rows}


async def read_page(
    snapshot: Snapshot,
    listing: Listing[Record],
    list_filter: ListFilter,
    window: Window,
    fields: Fields | None = None,
) -> Slice[Record]:
    """Return a page of the organization's list, with at least these fields; None for all."""
    if fields is not None and listing.ranking is None:  # a rank needs other columns
        listing = listing_of_fields(listing, fields_with_ids(listing, fields).names) or listing
    conditions = await list_filter.look_up_conditions(snapshot)
    shape, ranking = statements.shape_of(conditions, window), listing.ranking
    if ranking is not None and not conditions.keys().isdisjoint((ranking.few, ranking.many)):
        statement = select_ranked_page(listing, ranking, shape)
    else:
        statement = statements.select_page(listing, shape)
    rows = await snapshot.fetch(statement, statements.page_parameters(conditions, window))
    return Slice(window, listing.layout, rows)


async def count_list(snapshot: Snapshot, listing: Listing[Any], list_filter: ListFilter) -> int:
    """Return the length of the organization's list."""
    conditions = await list_filter.look_up_counted(snapshot)
    statement = count_statements.count_list(listing, tuple(conditions))
    return count_of_rows(await snapshot.fetch(statement, statements.condition_parameters(conditions)))


def count_of_rows(rows: Sequence[Any]) -> int:
    """Return the number that a counting statement selects."""
    return int(rows[0][0])


def fields_with_ids(listing: Listing[Any], fields: Fields) -> Fields:
    """Return the fields with the ids of the patients, for the access log, and of the records to join."""
    if listing.patient is not None:
        fields = fields.with_value(listing.patient)
    for name, _ in fields.joined:
        fields = fields.with_value(listing.references[name].by)
    return fields


def partial_listing(
    snapshot: Snapshot, listing: Listing[Record], fields: Fields | None
) -> tuple[Listing[Record], JsonLayout[Record] | None]:
    """Return the listing with only some fields, and how its rows are parsed if they can be read as JSON."""
    partial = listing_of_fields(listing, fields.names) if fields is not None else None
    if fields is None or partial is None:
        return listing, None
    return partial, json_layout(partial.layout, fields.values) if snapshot.on_postgresql else None


@lru_cache(CACHED_STATEMENTS)
def listing_of_fields(listing: Listing[Record], names: frozenset[str]) -> Listing[Record] | None:
    """Return the listing with only some fields; None if no column holds one of them."""
    try:
        return replace(listing, layout=partial_layout(listing.layout, names))
    except KeyError:
        return None

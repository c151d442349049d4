"""Relations: the lists that belong to a parent, such as the enrollments of a group."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement

from db.queries.pages import (
    ListFilter,
    Slice,
    count_of_rows,
    fields_with_ids,
    find_partial_rows,
    listing_of_fields,
    partial_listing,
)
from db.sql import count_statements
from db.sql import page_statements as statements
from db.sql.json_rows import JoinedRows, JsonRows
from db.sql.layouts import Fields, Layout, joined_layout
from db.sql.listings import Conditions, Listing, Window
from db.sql.lookups import Lookup
from db.sql.statement import Statement
from db.transactions.snapshots import Snapshot

Record = TypeVar("Record")


@dataclass(frozen=True, eq=False)
class Relation(Generic[Record]):
    """A list of records for each parent. Everything that reads it follows from this declaration.

    Attributes:
        listing: The records, their order, and the conditions that narrow them.
        parent: The column with the parent's id.
        conditions: The conditions that always apply.
    """

    listing: Listing[Record]
    parent: ColumnElement[Any]
    conditions: Conditions = field(default_factory=dict)

    def page_lookup(
        self, list_filter: ListFilter | None, window: Window, fields: Fields | None = None
    ) -> Lookup[Slice[Record]]:
        """Return the lookup of a page by the parent's id."""
        conditions, listing = self._conditions(list_filter), self.listing
        if fields is not None:
            listing = listing_of_fields(listing, fields_with_ids(listing, fields).names) or listing
        statement = statements.select_page(listing, statements.shape_of(conditions, window), self.parent)
        parameters = statements.page_parameters(conditions, window)
        return Lookup(statement, "parent", parameters, lambda rows: Slice(window, listing.layout, rows), False)

    def count_lookup(self, list_filter: ListFilter | None) -> Lookup[int]:
        """Return the lookup of the list's length by the parent's id."""
        conditions = self._conditions(list_filter)
        statement = count_statements.count_list(self.listing, tuple(conditions), self.parent)
        return Lookup(statement, "parent", statements.condition_parameters(conditions), count_of_rows, True)

    async def read_pages(
        self,
        snapshot: Snapshot,
        parents: Sequence[Any],
        list_filter: ListFilter | None,
        window: Window,
        fields: Fields | None = None,
    ) -> list[Slice[Record]]:
        """Return the same page of each parent's list, in the order of the parents, by one statement.

        Args:
            snapshot: The snapshot.
            parents: The ids of the parents.
            list_filter: What narrows the lists; None for all records.
            window: Which page.
            fields: The fields to read; None for all. Each combination is a statement of its own, which the database
                must plan, so reading only some fields is for long lists.
        """
        if len(parents) == 1:
            return [await snapshot.find(self.page_lookup(list_filter, window, fields), parents[0])]
        distinct = list(dict.fromkeys(parents))
        pages = await self._read_distinct_pages(snapshot, distinct, list_filter, window, fields)
        if len(distinct) == len(parents):
            return pages
        by_parent = dict(zip(distinct, pages, strict=True))
        return [by_parent[parent] for parent in parents]

    async def _read_distinct_pages(
        self,
        snapshot: Snapshot,
        parents: Sequence[Any],
        list_filter: ListFilter | None,
        window: Window,
        fields: Fields | None,
    ) -> list[Slice[Record]]:
        conditions = self._conditions(list_filter)
        shape = statements.shape_of(conditions, window)
        parameters = {**statements.page_parameters(conditions, window), "parents": parents}
        listing, as_json = partial_listing(snapshot, self.listing, fields and fields_with_ids(self.listing, fields))
        rows_of_parents: list[Any] = [[] for _ in parents]
        if as_json is not None:
            statement = statements.select_pages_as_json(listing, shape, self.parent)
            for row in await snapshot.fetch(statement, parameters):
                rows_of_parents[row[-1]] = JsonRows(as_json, row[:-1])
            layout, rows_of_parents = await _join(snapshot, listing, as_json.rows, rows_of_parents, fields)
            return [Slice(window, layout, rows) for rows in rows_of_parents]
        select = (
            statements.select_pages_by_lateral_join if snapshot.on_postgresql else statements.select_pages_by_subquery
        )
        for row in await snapshot.fetch(select(listing, shape, self.parent), parameters):
            rows_of_parents[row[-1]].append(row)
        return [Slice(window, listing.layout, rows) for rows in rows_of_parents]

    def count_statement(self, list_filter: ListFilter | None) -> tuple[Statement, dict[str, Any]]:
        """Return the statement that counts the lists of `parents`, and its other parameters."""
        conditions = self._conditions(list_filter)
        statement = count_statements.count_by_parent(self.listing, tuple(conditions), self.parent)
        return statement, statements.condition_parameters(conditions)

    def _conditions(self, list_filter: ListFilter | None) -> Conditions:
        return self.conditions if list_filter is None else {**self.conditions, **list_filter.conditions()}


async def _join(
    snapshot: Snapshot, listing: Listing[Record], layout: Layout[Record], lists: list[JsonRows], fields: Fields | None
) -> tuple[Layout[Record], list[JsonRows]]:
    """Return the rows with the fields of other records that are read with them, and their layout.

    The records are read by one statement: in a long list, looking up each by a join would take the database longer.
    """
    joined: list[JoinedRows] = []
    layouts: list[tuple[str, Layout[Any]]] = []
    for name, fields_of_record in sorted(fields.joined, key=lambda item: item[0]) if fields else ():
        reference = listing.references[name]
        by = layout.columns[reference.by]
        ids = list(dict.fromkeys(chain.from_iterable(rows.column(by) for rows in lists)))
        layout_of_record, rows = await find_partial_rows(snapshot, reference.listing, ids, fields_of_record)
        if len(rows) == len(ids):
            layouts.append((name, layout_of_record))
            joined.append(JoinedRows(by, rows, len(layout_of_record.selected)))
    if not joined:
        return layout, lists
    return joined_layout(layout, tuple(layouts)), [rows.join(joined) for rows in lists]

"""Lists as pages: of the organization, of one parent, of many parents, and together with the parent."""

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from db.queries.lengths import CountRequest, FilteredRelation
from db.queries.pages import ListFilter, Slice, count_list, find_partial_records, find_records, read_page
from db.queries.relations import Relation
from db.sql.layouts import Fields, Records
from db.sql.listings import Listing, Window
from db.sql.lookups import Lookup
from resolvers.context import Context
from resolvers.queries.cursors import invalid_cursor
from resolvers.queries.pages import Page, pages_of_parts, window, worth_selecting
from resolvers.queries.prefetch import Prefetch

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class PageNeeds:
    """What is needed of a page.

    Attributes:
        records: Whether its records are needed.
        fields: The fields of the records that are needed, at least; None for all.
        length: Whether the length of the list is needed.
    """

    records: bool
    fields: Fields | None
    length: bool


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is requested."""

    list_filter: ListFilter | None
    window: Window


async def page_of_parent(
    context: Context, relation: Relation[Record], parent_id: object, request: PageRequest, needs: PageNeeds
) -> Page[Record]:
    """Return a page of one parent's list. It is loaded together with those of other parents."""
    counting = _count(context, relation, request, [parent_id]) if needs.length else None
    part = None
    if needs.records:
        part = await context.loaders.pages(relation, request.list_filter, request.window, None).load(parent_id)
    return Page(relation.listing, part, (await counting)[0] if counting else None)


async def pages_of_parents(
    context: Context, relation: Relation[Record], parent_ids: Sequence[Any], request: PageRequest, needs: PageNeeds
) -> Records[Page[Record]]:
    """Return the same page of each parent's list. The ids are all different."""
    # Counting starts first, so that it is one statement for all lists that are counted at the same time.
    counting = _count(context, relation, request, parent_ids) if needs.length else None
    parts: Iterable[Slice[Record] | None] = [None] * len(parent_ids)
    if needs.records:
        # All fields of a short list are read, so that the same page under several aliases is loaded at once.
        fields = worth_selecting(needs.fields, len(parent_ids) * request.window.limit)
        loader = context.loaders.pages(relation, request.list_filter, request.window, fields)
        parts = (await loader.load_all(parent_ids)).values()
    lengths = await counting if counting else [None] * len(parent_ids)
    return pages_of_parts(relation.listing, zip(parts, lengths, strict=True))


def prefetch_page(relation: Relation[Any], request: PageRequest, needs: PageNeeds) -> Prefetch:
    """Return how a page of a parent's list, and the list's length, are read together with the parent."""
    lookups: list[Lookup[Any]] = []
    if needs.records:
        # A single list is a statement of its own in any case: the lookups beside it differ from query to query.
        lookups.append(relation.page_lookup(request.list_filter, request.window, needs.fields))
    if needs.length:
        lookups.append(relation.count_lookup(request.list_filter))

    def page(context: Context, _parent: Any, values: Sequence[Any]) -> Page[Any]:
        part = values[0] if needs.records else None
        if part is not None:
            context.disclosures.add_page(relation.listing, part)
        return Page(relation.listing, part, values[-1] if needs.length else None)

    return Prefetch(lookups, page)


async def page_of_organization(
    context: Context, listing: Listing[Record], list_filter: ListFilter, needs: PageNeeds, **arguments: Any
) -> Page[Record]:
    """Return a page of the organization's list, by the arguments of `window`. Raise BadInput.

    If only the length of the list is needed, the records are neither read nor disclosed.
    """
    page_window = window(listing, **arguments)
    part = None
    if needs.records:
        fields = worth_selecting(needs.fields, page_window.limit)
        part = await _part_of_organization(context, listing, list_filter, page_window, fields)

    async def length() -> int:
        async with context.snapshot as snapshot:
            return await count_list(snapshot, listing, list_filter)

    return Page(listing, part, length)


async def _part_of_organization(
    context: Context, listing: Listing[Record], list_filter: ListFilter, page_window: Window, fields: Fields | None
) -> Slice[Record]:
    """Return a part of the organization's list. Raise BadInput for the cursor of a record that does not exist."""
    async with context.snapshot as snapshot:
        part = await read_page(snapshot, listing, list_filter, page_window, fields)
        if listing.cursor_is_id and not part.rows:
            # An unknown id selects nothing: the page would look like the end of the list.
            for name, keys in (("after", page_window.after), ("before", page_window.before)):
                if keys is not None and not await find_records(snapshot, listing, keys):
                    raise invalid_cursor(name)
    context.disclosures.add_page(listing, part)
    return part


async def load_records(
    context: Context, listing: Listing[Record], ids: Sequence[Any], fields: Fields | None
) -> Sequence[Record | None]:
    """Return records by their ids, all different, with at least these fields; None for ids that do not exist."""
    fields = worth_selecting(fields, len(ids))
    if fields is not None:
        async with context.snapshot as snapshot:
            records = await find_partial_records(snapshot, listing, ids, fields)
        if records is not None:
            context.disclosures.add_records(listing, records)
            return records
    return list((await context.loaders.records(listing).load_all(ids)).values())


def _count(
    context: Context, relation: Relation[Any], request: PageRequest, parent_ids: Sequence[Any]
) -> Awaitable[list[int]]:
    """Start to count the lists of parents. They are counted together with other lists."""
    lists = FilteredRelation(relation, request.list_filter)
    return context.loaders.lengths.load(CountRequest(lists, tuple(parent_ids)))

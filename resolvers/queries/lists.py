"""Lists as pages: of the organization, of one parent, of many parents, and together with the parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from db.queries.pages import ListFilter, Slice, count_list, find_partial_records, find_records, read_page
from db.queries.relations import Relation
from db.sql.layouts import Fields
from db.sql.listings import Listing, Window
from db.sql.lookups import Lookup
from resolvers.context import Context
from resolvers.queries.cursors import invalid_cursor
from resolvers.queries.pages import KnownLength, LoadedLength, Page, window, worth_selecting
from resolvers.queries.prefetch import Prefetch

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is requested."""

    list_filter: ListFilter | None
    window: Window


async def page_of_parent(
    context: Context, relation: Relation[Record], parent_id: object, request: PageRequest
) -> Page[Record]:
    """Return a page of one parent's list. It is loaded together with those of other parents."""
    loader = context.loaders.pages(relation, request.list_filter, request.window, None)
    return _page(context, relation, request, parent_id, await loader.load(parent_id))


async def pages_of_parents(
    context: Context,
    relation: Relation[Record],
    parent_ids: Sequence[Any],
    request: PageRequest,
    fields: Fields | None,
) -> list[Page[Record]]:
    """Return the same page of each parent's list, with at least these fields of the records; None for all.

    The ids are all different.
    """
    if len(parent_ids) > 1:
        fields = worth_selecting(fields, len(parent_ids) * request.window.limit)
    loader = context.loaders.pages(relation, request.list_filter, request.window, fields)
    slices = await loader.load_all(parent_ids)
    lengths = context.loaders.lengths(relation, request.list_filter)
    return [Page(relation.listing, part, LoadedLength(lengths, parent_id)) for parent_id, part in slices.items()]


def prefetch_page(
    relation: Relation[Any], request: PageRequest, fields: Fields | None, *, with_length: bool
) -> Prefetch:
    """Return how a page of a parent's list, and the list's length, are read together with the parent."""
    # A single list is a statement of its own in any case: the lookups beside it differ from query to query.
    lookups: list[Lookup[Any]] = [relation.page_lookup(request.list_filter, request.window, fields)]
    if with_length:
        lookups.append(relation.count_lookup(request.list_filter))

    def page(context: Context, parent: Any, values: Sequence[Any]) -> Page[Any]:
        part, *lengths = values
        context.disclosures.add_records(relation.listing, part.records)
        if lengths:
            return Page(relation.listing, part, KnownLength(lengths[0]))
        return _page(context, relation, request, parent.id, part)

    return Prefetch(lookups, page)


async def page_of_organization(
    context: Context, listing: Listing[Record], list_filter: ListFilter, **arguments: Any
) -> Page[Record]:
    """Return a page of the organization's list, by the arguments of `window`. Raise BadInput."""
    page_window = window(listing, **arguments)
    async with context.snapshot as snapshot:
        part = await read_page(snapshot, listing, list_filter, page_window)
        if listing.cursor_is_id and not part.rows:
            # An unknown id selects nothing: the page would look like the end of the list.
            for name, keys in (("after", page_window.after), ("before", page_window.before)):
                if keys is not None and not await find_records(snapshot, listing, keys):
                    raise invalid_cursor(name)
    context.disclosures.add_records(listing, part.records)

    async def length() -> int:
        async with context.snapshot as snapshot:
            return await count_list(snapshot, listing, list_filter)

    return Page(listing, part, length)


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


def _page(
    context: Context, relation: Relation[Record], request: PageRequest, parent_id: object, part: Slice[Record]
) -> Page[Record]:
    length = LoadedLength(context.loaders.lengths(relation, request.list_filter), parent_id)
    return Page(relation.listing, part, length)

"""Fields of the query type: a page of all records of the organization, and a record by its id.

graphql-core and the compiled executor resolve them by the same function.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver

from db.queries.pages import ListFilter
from db.sql.listings import Listing
from executor import Batch, Lookahead, SelectedAttributes
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries.lists import PageNeeds, page_of_organization
from resolvers.queries.node import NodeRecord, node, nodes
from resolvers.queries.pages import Page
from resolvers.queries.prefetch import Prefetch, RecordWithFields
from schema.relations import (
    PAGE_ARGUMENTS,
    Computed,
    LengthBatch,
    PrefetchBatch,
    needs_nodes,
    node_fields,
    read_field,
    selects_nodes,
    split_page_arguments,
)

# Each combination of lookups is a statement of its own. Databases keep many of them prepared on each connection, in
# memory that grows with what they read.
_MAX_LOOKUPS: Final = 8


def organization_list(
    graphql_type: object,
    arguments: Callable[..., tuple[Listing[Any], ListFilter]],
    *,
    description: str,
    permission: PermissionKey,
) -> Any:
    """Return a field of the query type that leads to a page of all records of the organization.

    Args:
        graphql_type: The type of the field, a connection.
        arguments: A function whose parameters are the arguments of the field, besides those of the page. It returns
            the list in its order and what narrows it, or raises BadInput.
        description: The description of the field.
        permission: The permission that the field requires.
    """
    field = read_field(graphql_type, _OrganizationList(arguments), description, permission, arguments)
    field.arguments = [*field.arguments, *PAGE_ARGUMENTS]
    return field


def record_by_id(
    graphql_type: object,
    listing: Listing[Any],
    *,
    description: str,
    arguments: Callable[..., Any],
    permission: PermissionKey,
) -> Any:
    """Return a field of the query type that leads to a record by its id.

    The fields of the record that are a `PrefetchBatch` are read together with it.

    Args:
        graphql_type: The type of the field.
        listing: The records.
        description: The description of the field.
        arguments: A function whose parameter is the id as clients send it. It returns the id as the database has it,
            or raises BadInput.
        permission: The permission that the field requires.
    """
    return read_field(graphql_type, _RecordById(listing, arguments), description, permission, arguments)


def node_by_id(graphql_type: object, *, description: str) -> Any:
    """Return the field of the query type that leads to any record by its id."""
    return read_field(graphql_type, _NodeById(), description, None, _node_argument)


def _node_argument(id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]) -> None:
    """Declare the argument of `node`."""


class _NodeById(Batch):
    def __init__(self) -> None:
        super().__init__(self._resolve_many, resolve_aliases=self._resolve_aliases)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> NodeRecord | None:
        return await node(info.context, **arguments)

    async def _resolve_many(self, _query: Sequence[Any], context: Context, id: str) -> list[NodeRecord | None]:
        return [await node(context, id)]

    async def _resolve_aliases(
        self, arguments: Sequence[dict[str, str]], context: Context
    ) -> Sequence[NodeRecord | None]:
        return await nodes(context, [alias["id"] for alias in arguments])


class _OrganizationList(Batch):
    def __init__(self, arguments: Callable[..., tuple[Listing[Any], ListFilter]]) -> None:
        super().__init__(self._resolve_many, pass_selected=True)
        self._choose = arguments

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> Page[Any]:
        return await self._page(info.context, arguments, None, needs_records=needs_nodes(info))

    async def _resolve_many(
        self, _query: Sequence[Any], context: Context, selected: SelectedAttributes = None, **arguments: Any
    ) -> list[Page[Any]]:
        return [await self._page(context, arguments, selected, needs_records=selects_nodes(selected))]

    async def _page(
        self, context: Context, arguments: dict[str, Any], selected: SelectedAttributes, *, needs_records: bool
    ) -> Page[Any]:
        own, page = split_page_arguments(arguments)
        listing, list_filter = self._choose(**own)
        needs = PageNeeds(needs_records, node_fields(listing, selected), length=False)
        return await page_of_organization(context, listing, list_filter, needs, **page)


class _RecordById(Batch):
    def __init__(self, listing: Listing[Any], parse: Callable[..., Any]) -> None:
        super().__init__(self._resolve_many, pass_lookahead=True, resolve_aliases=self._resolve_aliases)
        self._listing = listing
        self._parse = parse

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> Any:
        return await info.context.loaders.records(self._listing).load(self._parse(**arguments))

    async def _resolve_many(
        self, _query: Sequence[Any], context: Context, id: str, lookahead: Lookahead
    ) -> tuple[Sequence[Any], Sequence[Sequence[Any] | None]]:
        key = self._parse(id)
        if not lookahead.is_only:
            # Loaders merge what the root fields have in common, which saves more statements than a prefetch.
            record = await context.loaders.records(self._listing).load(key)
            return [record], [None] * len(lookahead.fields)
        if lookahead.memo is None:
            lookahead.memo = self._with_fields(lookahead)
        record_with_fields: RecordWithFields = lookahead.memo
        record, values = await record_with_fields.read(context, key)
        if not record_with_fields.covers_request:
            context.loaders.records(self._listing).learn(key, record)
        return [record], values

    async def _resolve_aliases(self, arguments: Sequence[dict[str, Any]], context: Context) -> Sequence[Any]:
        keys = [self._parse(**alias) for alias in arguments]
        records = await context.loaders.records(self._listing).load_all(keys)
        return [records[key] for key in keys]

    def _with_fields(self, lookahead: Lookahead) -> RecordWithFields:
        fields: list[Prefetch | None] = []
        covers_request = lookahead.covers_query
        lookups = 1
        for field in lookahead.fields:
            batch = field.batch
            prefetch = (
                batch.prefetch(**field.arguments) if field.is_direct and isinstance(batch, PrefetchBatch) else None
            )
            if prefetch is not None and lookups + len(prefetch.lookups) <= _MAX_LOOKUPS:
                lookups += len(prefetch.lookups)
                covers_request = covers_request and all(isinstance(child.batch, LengthBatch) for child in field.fields)
            else:
                prefetch, covers_request = None, covers_request and isinstance(batch, Computed)
            fields.append(prefetch)
        return RecordWithFields(self._listing, fields, covers_request=covers_request)

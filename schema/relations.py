"""Fields that return other records: one record, a page of records, or a record of the query type by its id.

Each constructor returns a whole field. graphql-core resolves it for one parent at a time, the compiled executor for
many parents at once. Both read through the same loaders.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from db.queries.lengths import FilteredRelation
from db.queries.relations import Relation
from db.sql.layouts import Fields
from db.sql.listings import Listing
from executor import Batch, SelectedAttributes
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries.lists import (
    PageNeeds,
    PageRequest,
    load_records,
    page_of_parent,
    pages_of_parents,
    prefetch_page,
)
from resolvers.queries.pages import Page, window
from resolvers.queries.prefetch import Prefetch
from schema.arguments import After, Before, First, Last
from schema.permissions import requires
from schema.selected_names import selected_names


class PrefetchBatch(Batch):
    """A batch that can be read together with its parent, if the parent is read by its id.

    Attributes:
        prefetch: Takes the field's arguments by name, and returns the lookups to add to the parent's.
    """

    def __init__(
        self,
        resolve_many: Callable[..., Awaitable[Any]],
        prefetch: Callable[..., Prefetch],
        by: str | None = None,
        *,
        pass_selected: bool = False,
    ) -> None:
        super().__init__(resolve_many, by, pass_selected=pass_selected)
        self.prefetch = prefetch


class LengthBatch(Batch):
    """The lengths of the lists of pages. It does not read lengths that were counted together with the pages."""


class Computed(Batch):
    """A batch that computes its values from the parents, without reading from the database."""


def reference(
    graphql_type: object,
    listing: Listing[Any],
    *,
    by: str,
    description: str,
    permission: PermissionKey | None = None,
    partial: bool = False,
    joined: str | None = None,
) -> Any:
    """Return a field that leads to one record.

    Args:
        graphql_type: The type of the field.
        listing: The records.
        by: The attribute of the parent that holds the id.
        description: The description of the field.
        permission: The permission that the field requires.
        partial: Whether only the selected fields of many records are read. Only for an attribute that is never None.
        joined: The name of the reference (`Listing.references`) by which long lists of parents are read with the
            records; None if they are not.
    """
    return read_field(graphql_type, _Reference(listing, by, joined, partial=partial), description, permission)


def connection(
    graphql_type: object,
    relation: Relation[Any] | Callable[..., FilteredRelation],
    *,
    description: str,
    permission: PermissionKey | None = None,
) -> Any:
    """Return a field that leads to a page of a relation.

    Args:
        graphql_type: The type of the field, a connection.
        relation: The relation, or a function whose parameters are the arguments of the field, besides those of the
            page. It returns the relation and the filter of the list, or raises BadInput.
        description: The description of the field.
        permission: The permission that the field requires.
    """
    arguments = None if isinstance(relation, Relation) else relation
    field = read_field(graphql_type, _Connection(relation), description, permission, arguments)
    field.arguments = [*field.arguments, *PAGE_ARGUMENTS]
    return field


def selected_fields(listing: Listing[Any], selected: SelectedAttributes) -> Fields | None:
    """Return the selected fields of a record, and of those that it refers to; None for all."""
    if selected is None:
        return None
    joined = {
        name: selected_fields(reference.listing, selected[name])
        for name, reference in listing.references.items()
        if name in selected
    }
    texts = frozenset(name for name, below in selected.items() if below == {} and name not in joined)
    return Fields(
        frozenset(name for name in selected if name not in texts and name not in joined),
        texts,
        frozenset((name, fields) for name, fields in joined.items() if fields is not None),
    )


def read_field(
    graphql_type: object,
    batch: Batch,
    description: str,
    permission: PermissionKey | None,
    arguments: Callable[..., Any] | None = None,
) -> StrawberryField:
    """Return a field that a batch resolves. The parameters of `arguments` are the arguments of the field."""
    # The last extension is the outermost: permission is checked before anything is read.
    extensions = [batch, *([requires(permission)] if permission else ())]
    field: StrawberryField = strawberry.field(description=description, graphql_type=graphql_type, extensions=extensions)
    return field if arguments is None else field(arguments)


class _Reference(Batch):
    def __init__(self, listing: Listing[Any], by: str, joined: str | None, *, partial: bool) -> None:
        super().__init__(self._resolve_many, by, joined=joined, pass_selected=partial)
        self._listing = listing
        self._by = by

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **_arguments: Any
    ) -> Any:
        key = getattr(source, self._by)
        return None if key is None else await info.context.loaders.records(self._listing).load(key)

    async def _resolve_many(
        self, ids: Sequence[Any], context: Context, selected: SelectedAttributes = None
    ) -> Sequence[Any]:
        return await load_records(context, self._listing, ids, selected_fields(self._listing, selected))


class _Connection(PrefetchBatch):
    def __init__(self, relation: Relation[Any] | Callable[..., FilteredRelation]) -> None:
        super().__init__(self._resolve_many, self._prefetch, by="id", pass_selected=True)
        self._relation = relation

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Context], **arguments: Any
    ) -> Page[Any]:
        relation, request = self._request(arguments)
        return await page_of_parent(info.context, relation, source.id, request, _needs_of_field(info))

    async def _resolve_many(
        self, ids: Sequence[Any], context: Context, selected: SelectedAttributes = None, **arguments: Any
    ) -> Sequence[Page[Any]]:
        relation, request = self._request(arguments)
        return await pages_of_parents(context, relation, ids, request, _needs(relation, selected))

    def _prefetch(self, selected: SelectedAttributes = None, **arguments: Any) -> Prefetch:
        relation, request = self._request(arguments)
        return prefetch_page(relation, request, _needs(relation, selected))

    def _request(self, arguments: dict[str, Any]) -> tuple[Relation[Any], PageRequest]:
        own, page = split_page_arguments(arguments)
        if isinstance(self._relation, Relation):
            relation, list_filter = self._relation, None
        else:
            lists = self._relation(**own)
            relation, list_filter = lists.relation, lists.list_filter
        return relation, PageRequest(list_filter, window(relation.listing, **page))


def _needs(relation: Relation[Any], selected: SelectedAttributes) -> PageNeeds:
    """Return what is needed of a page for the selected attributes."""
    if selected is None:
        return PageNeeds(records=True, fields=None, length=True)
    return PageNeeds(selects_nodes(selected), node_fields(relation.listing, selected), "total" in selected)


def node_fields(listing: Listing[Any], selected: SelectedAttributes) -> Fields | None:
    """Return the selected fields of a page's nodes, and those that cursors need; None for all fields."""
    if selected is None:
        return None
    edges: SelectedAttributes = selected.get("edges", {})
    of_nodes = selected_fields(listing, selected.get("nodes", {}))
    of_edges = selected_fields(listing, edges.get("node", {})) if edges is not None else None
    if edges is None or of_nodes is None or of_edges is None:
        return None
    fields = of_nodes.union(of_edges)
    has_cursors = "cursor" in edges or "page_info" in selected
    return fields.with_texts(listing.key_fields) if has_cursors else fields


def split_page_arguments(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of a field's own, and those of the page."""
    own = {name: value for name, value in arguments.items() if name not in _PAGE_ARGUMENT_NAMES}
    return own, {name: value for name, value in arguments.items() if name in _PAGE_ARGUMENT_NAMES}


def selects_nodes(selected: SelectedAttributes) -> bool:
    """Return whether the selected attributes of a page need its records, not only the length of its list."""
    return selected is None or not selected.keys() <= {"total"}


def needs_nodes(info: strawberry.Info[Context]) -> bool:
    """Return the same for a page that graphql-core resolves. Records that are not needed are not disclosed."""
    return not selected_names(info) <= {"totalCount", "__typename"}


def _needs_of_field(info: strawberry.Info[Context]) -> PageNeeds:
    """Return what is needed of a page that graphql-core resolves."""
    return PageNeeds(needs_nodes(info), None, "totalCount" in selected_names(info))


def _page_arguments(first: First = None, after: After = None, last: Last = None, before: Before = None) -> None:
    """Declare the arguments of a page."""


PAGE_ARGUMENTS: Final = StrawberryResolver(_page_arguments).arguments
_PAGE_ARGUMENT_NAMES: Final = frozenset(argument.python_name for argument in PAGE_ARGUMENTS)

"""How fields are resolved for all parents of a level at once, by what their loaders load with."""

from collections.abc import Callable, Sequence
from typing import Any

from domain.changes import EntityType
from resolvers import histories
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.pages import Page
from schema.execution import Batch, Selected


def to_one(loader: Callable[[Loaders], Loader[Any, Any]], by: str) -> Batch:
    """Gives the mark of a field that leads to the record that the loader finds by an attribute of the parent."""

    async def resolve_many(ids: Sequence[Any], context: Context) -> Sequence[Any]:
        found = await loader(context.loaders).load_all(ids)
        return list(found.values())

    return Batch(resolve_many, by)


def by_id(loader: Callable[[Loaders], Loader[Any, Any]], parse: Callable[[str, str], Any]) -> Batch:
    """Gives the mark of a field of the query that finds by its argument `id` what the loader does.

    Args:
        loader: The loader.
        parse: Gives the id as the loader takes it; it gets the argument and its name.
    """

    async def resolve_many(_query: Sequence[Any], context: Context, id: str) -> Sequence[Any]:
        key = parse(id, "id")
        return list((await loader(context.loaders).load_all([key])).values())

    return Batch(resolve_many)


def fields_of_nodes(selected: Selected) -> frozenset[str] | None:
    """Gives the fields of a page's elements that are looked at; None for all, which cursors need."""
    if selected is None or not selected.keys() <= {"nodes", "total"}:
        return None
    nodes = selected.get("nodes", {})
    return None if nodes is None else frozenset(nodes)


def history_of(kind: EntityType) -> Batch:
    """Gives the mark of a field that tells the history of records of a kind."""

    async def resolve_many(
        ids: Sequence[Any], context: Context, first: int | None = None, after: str | None = None
    ) -> list[Page[histories.HistoryRecord]]:
        return await histories.histories(context, kind, ids, first, after)

    return Batch(resolve_many, by="id")

"""How fields are resolved for all parents of a level at once, by what their loaders load with."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domain.changes import EntityType
from resolvers import histories
from resolvers.ahead import Ahead, read_ahead
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.pages import Page
from schema.execution import Batch, Below, Selected


def to_one(loader: Callable[[Loaders], Loader[Any, Any]], by: str) -> Batch:
    """Gives the mark of a field that leads to the record that the loader finds by an attribute of the parent."""

    async def resolve_many(ids: Sequence[Any], context: Context) -> Sequence[Any]:
        found = await loader(context.loaders).load_all(ids)
        return list(found.values())

    return Batch(resolve_many, by)


class Foreseen(Batch):
    """A batch of which can be told what it will read for a record by the record's id alone, before that is read.

    Attributes:
        ahead: Tells it; it gets the context, the id, and by name the arguments of the field.
    """

    def __init__(
        self,
        resolve_many: Callable[..., Awaitable[Sequence[Any]]],
        ahead: Callable[..., Ahead],
        by: str | None = None,
        *,
        selects: bool = False,
    ) -> None:
        super().__init__(resolve_many, by, selects=selects)
        self.ahead = ahead


class Totals(Batch):
    """A batch that tells how long a page's list is. It reads nothing where that was read along with the page."""


def by_id(loader: Callable[[Loaders], Loader[Any, Any]], parse: Callable[[str, str], Any]) -> Batch:
    """Gives the mark of a field of the query that finds by its argument `id` what the loader does.

    What is asked of the record, and can be foreseen, is read along with it.

    Args:
        loader: The loader.
        parse: Gives the id as the loader takes it; it gets the argument and its name.
    """

    async def resolve_many(_query: Sequence[Any], context: Context, id: str, below: Below) -> Sequence[Any]:
        key = parse(id, "id")
        foreseen = [
            (field, field.batch.ahead(context, key, **field.arguments))
            for field in below.fields
            if isinstance(field.batch, Foreseen)
        ]
        nothing_else = below.alone and len(foreseen) == len(below.fields)
        if nothing_else:
            nothing_else = all(isinstance(each.batch, Totals) for field, _ in foreseen for each in field.fields)
        fields = [ahead for _, ahead in foreseen]
        record, values = await read_ahead(context, loader(context.loaders), key, fields, nothing_else=nothing_else)
        for (field, _), value in zip(foreseen, values, strict=False):
            field.values = [value]
        return [record]

    return Batch(resolve_many, foresees=True)


def fields_of_nodes(selected: Selected) -> frozenset[str] | None:
    """Gives the fields of a page's elements that are looked at; None for all, which cursors need."""
    if selected is None or not selected.keys() <= {"nodes", "total"}:
        return None
    nodes = selected.get("nodes", {})
    return None if nodes is None else frozenset(nodes)


def counts_too(selected: Selected) -> bool:
    """Tells whether of a page also the length of its list is looked at."""
    return selected is not None and "total" in selected


def history_of(kind: EntityType) -> Batch:
    """Gives the mark of a field that tells the history of records of a kind."""

    async def resolve_many(
        ids: Sequence[Any],
        context: Context,
        first: int | None = None,
        after: str | None = None,
        selected: Selected = None,
    ) -> list[Page[histories.HistoryRecord]]:
        return await histories.histories(context, kind, ids, first, after)

    def ahead(
        context: Context, id: Any, first: int | None = None, after: str | None = None, selected: Selected = None
    ) -> Ahead:
        return histories.history_ahead(context, kind, id, first, after, count=counts_too(selected))

    return Foreseen(resolve_many, ahead, by="id", selects=True)

"""How fields are resolved for all parents of a level at once, by what their loaders load with.

And how what is asked of a record that is found by its id is read along with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from domain.changes import EntityType
from domain.selections import Fields
from executor import Batch, Lookahead, SelectedAttributes
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.queries import history as histories
from resolvers.queries.by_id import ById
from resolvers.queries.pages import Page
from resolvers.queries.prefetch import Ahead, RecordWithFields


def to_one(loader: Callable[[Loaders], Loader[Any, Any]], by: str) -> Batch:
    """Return the mark of a field that leads to the record that the loader finds by an attribute of the parent."""

    async def resolve_many(ids: Sequence[Any], context: Context) -> Sequence[Any]:
        found = await loader(context.loaders).load_all(ids)
        return list(found.values())

    return Batch(resolve_many, by)


# How much is read together at most: each combination is a statement of its own, and databases keep many of them
# prepared, on each connection, in memory that grows with what they read.
_TOGETHER: Final = 8


class Foreseen(Batch):
    """A batch of which can be told, by its arguments alone, what it will read for a record by the record's id.

    Attributes:
        ahead: Tells it; it gets by name the arguments of the field.
    """

    def __init__(
        self,
        resolve_many: Callable[..., Awaitable[Sequence[Any]]],
        ahead: Callable[..., Ahead],
        by: str | None = None,
        *,
        pass_selected: bool = False,
    ) -> None:
        super().__init__(resolve_many, by, pass_selected=pass_selected)
        self.ahead = ahead


class Totals(Batch):
    """A batch that tells how long a page's list is. It reads nothing where that was read along with the page."""


class Computed(Batch):
    """A batch that computes its values from the parents, and reads nothing."""


def by_id(kind: ById) -> Batch:
    """Return the mark of a field of the query that finds a record by its argument `id`.

    What is asked of the record, and can be foreseen, is read along with it.
    """

    async def resolve_many(
        _query: Sequence[Any], context: Context, id: str, lookahead: Lookahead
    ) -> tuple[Sequence[Any], Sequence[Sequence[Any] | None]]:
        key = kind.parse(id, "id")
        if lookahead.memo is None:
            lookahead.memo = _with_fields(kind, lookahead)
        asked: RecordWithFields = lookahead.memo
        record, values = await asked.read(context, key)
        if not asked.nothing_else:
            kind.loader(context.loaders).learn(key, record)
        return [record], values

    return Batch(resolve_many, pass_lookahead=True)


def _with_fields(kind: ById, lookahead: Lookahead) -> RecordWithFields:
    fields: list[Ahead | None] = []
    nothing_else = lookahead.covers_query
    lookups = 1
    for field in lookahead.fields:
        ahead = field.batch.ahead(**field.arguments) if field.is_direct and isinstance(field.batch, Foreseen) else None
        if ahead is not None and lookups + len(ahead.lookups) <= _TOGETHER:
            lookups += len(ahead.lookups)
            nothing_else = nothing_else and all(isinstance(each.batch, Totals) for each in field.fields)
        else:
            ahead, nothing_else = None, nothing_else and isinstance(field.batch, Computed)
        fields.append(ahead)
    return RecordWithFields(kind, fields, nothing_else=nothing_else)


def fields_of_nodes(selected: SelectedAttributes) -> Fields | None:
    """Return the fields of a page's elements that are wanted; None for all, which cursors need."""
    if selected is None or not selected.keys() <= {"nodes", "total"}:
        return None
    return fields_of(selected.get("nodes", {}))


def fields_of(selected: SelectedAttributes) -> Fields | None:
    """Return the fields of a record that are wanted; None for all."""
    if selected is None:
        return None
    written = frozenset(name for name, below in selected.items() if below == {})
    return Fields(frozenset(selected) - written, written)


def counts_too(selected: SelectedAttributes) -> bool:
    """Return whether of a page also the length of its list is looked at."""
    return selected is not None and "total" in selected


def history_of(kind: EntityType) -> Batch:
    """Return the mark of a field that tells the history of records of a kind."""

    async def resolve_many(
        ids: Sequence[Any],
        context: Context,
        first: int | None = None,
        after: str | None = None,
        selected: SelectedAttributes = None,
    ) -> list[Page[histories.HistoryRecord]]:
        return await histories.histories(context, kind, ids, first, after)

    def ahead(selected: SelectedAttributes = None, **page: Any) -> Ahead:
        return histories.history_ahead(kind, count=counts_too(selected), **page)

    return Foreseen(resolve_many, ahead, by="id", pass_selected=True)

"""The history of a group, a session or an enrollment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db.queries.history import HISTORY_ORDER, count_of_history, page_of_history
from db.queries.history import StoredEntry as HistoryRecord
from db.queries.pages import Slice
from db.sql.page_statements import Window
from domain.changes import EntityType
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.queries.pages import Count, Page, counted, window
from resolvers.queries.prefetch import Ahead

__all__ = [
    "HistoryRecord",
    "histories",
    "history_ahead",
    "history_of_enrollment",
    "history_of_group",
    "history_of_session",
]


async def history_of_group(context: Context, id: UUID, first: int | None, after: str | None) -> Page[HistoryRecord]:
    """Return a page of what was done to the group itself, newest first. Raise BadInput."""
    return await _history(context, EntityType.GROUP_DEFINITION, id, first, after)


async def history_of_session(context: Context, id: UUID, first: int | None, after: str | None) -> Page[HistoryRecord]:
    """Return a page of what was done to the session, newest first. Raise BadInput."""
    return await _history(context, EntityType.OCCURRENCE, id, first, after)


async def history_of_enrollment(
    context: Context, id: UUID, first: int | None, after: str | None
) -> Page[HistoryRecord]:
    """Return a page of what was done to the enrollment, newest first. Raise BadInput."""
    return await _history(context, EntityType.ENROLLMENT, id, first, after)


async def histories(
    context: Context, kind: EntityType, ids: Sequence[UUID], first: int | None, after: str | None
) -> list[Page[HistoryRecord]]:
    """Return the same page of the history of each of many records of a kind, all different. Raise BadInput."""
    part = window(HISTORY_ORDER, first, after)
    found = await context.loaders.history.load_all([(record, (kind, part)) for record in ids])
    return [_page(context, kind, record, part, entries) for (record, _), entries in found.items()]


def history_ahead(kind: EntityType, *, count: bool, **page: Any) -> Ahead:
    """Return how a page of a record's history is read along with it.

    Args:
        kind: The record's kind.
        count: Whether it is read too how long the history is.
        page: Which page, as `resolvers.queries.pages.window` takes it.

    Raise BadInput.
    """
    part = window(HISTORY_ORDER, **page)
    lookups = [page_of_history(kind, part), *([count_of_history(kind)] if count else ())]

    def value(context: Context, record: Any, found: Sequence[Any]) -> Page[HistoryRecord]:
        return counted(_page(context, kind, record.id, part, found[0]), found[1:])

    return Ahead(lookups, value)


async def _history(
    context: Context, kind: EntityType, id: UUID, first: int | None, after: str | None
) -> Page[HistoryRecord]:
    part = window(HISTORY_ORDER, first, after)
    return _page(context, kind, id, part, await context.loaders.history.load((id, (kind, part))))


def _counts(loaders: Loaders) -> Loader[Any, int]:
    return loaders.history_count


def _page(
    context: Context, kind: EntityType, id: UUID, part: Window, found: Slice[HistoryRecord]
) -> Page[HistoryRecord]:
    return Page(HISTORY_ORDER, part, found, Count(context.loaders, _counts, (id, (kind,))))

"""The history of a group, a session or an enrollment."""

from uuid import UUID

from db.history_queries import HISTORY_ORDER
from db.history_queries import StoredEntry as HistoryRecord
from domain.changes import EntityType
from resolvers.context import Context
from resolvers.pages import Page, window

__all__ = ["HistoryRecord", "history_of_enrollment", "history_of_group", "history_of_session"]


async def history_of_group(context: Context, id: UUID, first: int | None, after: str | None) -> Page[HistoryRecord]:
    """Gives a page of what was done to the group itself, newest first. Raises BadInput."""
    return await _history(context, EntityType.GROUP_DEFINITION, id, first, after)


async def history_of_session(context: Context, id: UUID, first: int | None, after: str | None) -> Page[HistoryRecord]:
    """Gives a page of what was done to the session, newest first. Raises BadInput."""
    return await _history(context, EntityType.OCCURRENCE, id, first, after)


async def history_of_enrollment(
    context: Context, id: UUID, first: int | None, after: str | None
) -> Page[HistoryRecord]:
    """Gives a page of what was done to the enrollment, newest first. Raises BadInput."""
    return await _history(context, EntityType.ENROLLMENT, id, first, after)


async def _history(
    context: Context, kind: EntityType, id: UUID, first: int | None, after: str | None
) -> Page[HistoryRecord]:
    part = window(HISTORY_ORDER, first, after)
    loaders = context.loaders
    found = await loaders.history.load((id, (kind, part)))
    return Page(HISTORY_ORDER, part, found, lambda: loaders.history_count.load((id, (kind,))))

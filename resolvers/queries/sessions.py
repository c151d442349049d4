"""Sessions: one by id, the calendar, and a group's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db.queries import sessions as schedule_queries
from db.queries.pages import Slice
from db.queries.sessions import SESSION_ORDER, count_of_group_sessions, page_of_group_sessions
from db.sql.lookups import Lookup
from db.sql.page_statements import Window
from domain.records import GroupDefinition, Occurrence
from domain.selections import Fields, SessionsWanted
from resolvers.arguments import in_order, our_id, storable
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.queries.pages import Count, Page, counted, fields_to_read, window
from resolvers.queries.prefetch import Ahead

_ALL = SessionsWanted()


def _counts(loaders: Loaders) -> Loader[Any, int]:
    return loaders.group_session_count


async def session(context: Context, id: str) -> Occurrence | None:
    """Return the session; None for an unknown id. Raise BadInput for what is no id."""
    return await context.loaders.session.load(our_id(id, "id"))


async def sessions(
    context: Context,
    wanted: SessionsWanted | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page[Occurrence]:
    """Return a page of the organization's calendar. Raise BadInput."""
    wanted = _checked(wanted)
    part = window(SESSION_ORDER, first, after, last, before)
    async with context.snapshot as snapshot:
        found = await schedule_queries.page_of_sessions(snapshot, wanted, part)

    async def total() -> int:
        async with context.snapshot as snapshot:
            return await schedule_queries.count_sessions(snapshot, wanted)

    return Page(SESSION_ORDER, part, found, total)


async def sessions_of_group(
    context: Context,
    group_id: UUID,
    wanted: SessionsWanted | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page[Occurrence]:
    """Return a page of a group's sessions, together with those of the other groups asked for. Raise BadInput."""
    wanted = _checked(wanted)
    part = window(SESSION_ORDER, first, after, last, before)
    return _page(
        context, group_id, wanted, part, await context.loaders.group_sessions.load((group_id, (wanted, part, None)))
    )


async def sessions_of_groups(
    context: Context,
    group_ids: Sequence[UUID],
    wanted: SessionsWanted | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    fields: Fields | None = None,
) -> list[Page[Occurrence]]:
    """Return the same page of the sessions of each of many groups, all different, or of some fields of them.

    Raise BadInput.
    """
    read = _asked(wanted, fields, len(group_ids), first=first, after=after, last=last, before=before)
    wanted, part, _ = read
    found = await context.loaders.group_sessions.load_all([(group, read) for group in group_ids])
    return [_page(context, group, wanted, part, sessions) for (group, _), sessions in found.items()]


def sessions_ahead(wanted: SessionsWanted | None, fields: Fields | None, *, count: bool, **page: Any) -> Ahead:
    """Return how a page of a group's sessions is read along with it.

    Args:
        wanted: Which sessions.
        fields: Which fields of them.
        count: Whether it is read too how many there are.
        page: Which page, as `resolvers.queries.pages.window` takes it.

    Raise BadInput.
    """
    wanted, part, fields = _asked(wanted, fields, 1, **page)
    lookups: list[Lookup[Any]] = [page_of_group_sessions(wanted, part, fields)]
    if count:
        lookups.append(count_of_group_sessions(wanted))

    def value(context: Context, group: GroupDefinition, found: Sequence[Any]) -> Page[Occurrence]:
        return counted(_page(context, group.id, wanted, part, found[0]), found[1:])

    return Ahead(lookups, value)


def _asked(
    wanted: SessionsWanted | None, fields: Fields | None, groups: int, **page: Any
) -> tuple[SessionsWanted, Window, Fields | None]:
    wanted = _checked(wanted)
    part = window(SESSION_ORDER, **page)
    return wanted, part, fields_to_read(fields, groups * part.limit, one_list=groups == 1)


def _page(
    context: Context, group_id: UUID, wanted: SessionsWanted, part: Window, found: Slice[Occurrence]
) -> Page[Occurrence]:
    return Page(SESSION_ORDER, part, found, Count(context.loaders, _counts, (group_id, (wanted,))))


def _checked(wanted: SessionsWanted | None) -> SessionsWanted:
    if wanted is None:
        return _ALL
    in_order(wanted.from_date, wanted.through_date)
    storable(wanted.facilitator_id, "filter.facilitatorId")
    storable(wanted.location_id, "filter.locationId")
    return wanted

"""The conflicts of sessions, and of a window of days as pages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from db.queries.conflicts import calendar_of_days, calendar_of_group, calendar_of_sessions
from db.sql.listings import Window
from db.transactions.snapshots import Snapshot
from domain.conflicts import Conflict, ConflictKey, ConflictKind, by_session, find_conflicts
from resolvers.arguments import day, in_order
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.queries.computed_pages import ComputedPage, computed_page
from resolvers.queries.cursors import cursor_of_keys
from resolvers.queries.pages import window

MAX_DAYS: Final = 62
"""The most days of a window."""
_PER_ITERATION: Final = 2_000
"""How many conflicts to look at in one iteration of the event loop."""


@dataclass(frozen=True, slots=True)
class _ConflictList:
    """The list of conflicts, for its cursors. Their keys contain no patient's id, but that of an enrollment."""

    name: str = "conflicts"
    types: tuple[type, ...] = (datetime, int, UUID, UUID, str)


_LIST: Final = _ConflictList()


async def conflicts_of_session(context: Context, session_id: UUID) -> list[Conflict]:
    """Return the conflicts of a session that the caller may view."""
    loader = context.loaders.values(_conflicts_by_session, context.conflict_kinds)
    return _disclosed(context, await loader.load(session_id))


async def conflicts_of_sessions(session_ids: Sequence[UUID], context: Context) -> list[list[Conflict]]:
    """Return the conflicts of each session that the caller may view."""
    loader = context.loaders.values(_conflicts_by_session, context.conflict_kinds)
    return [_disclosed(context, conflicts) for conflicts in (await loader.load_all(session_ids)).values()]


async def conflict_page(
    context: Context,
    from_date: date,
    through_date: date,
    kinds: Iterable[ConflictKind] | None,
    group_id: UUID | None,
    **page: object,
) -> ComputedPage[Conflict]:
    """Return a page of the conflicts in which a session from the first through the last day has a part.

    Args:
        context: The request.
        from_date: The first local date.
        through_date: The last local date.
        kinds: The kinds to list; None for all. Those that the caller may not view are left out.
        group_id: Only conflicts of this group's sessions; None for all.
        page: The arguments of `window`.

    Raises:
        BadInput: The window is too long or ends before it starts, or an argument of the page is invalid.
    """
    day(from_date, "from")
    day(through_date, "through")
    in_order(from_date, through_date)
    if (through_date - from_date).days >= MAX_DAYS:
        raise BadInput(f"The days from `from` through `through` must be at most {MAX_DAYS}.", "through")
    page_window = window(_LIST, **page)  # type: ignore[arg-type]  # the arguments of a connection
    chosen = context.conflict_kinds.intersection(ConflictKind if kinds is None else kinds)
    async with context.snapshot as snapshot:
        if group_id is None:
            calendar = await calendar_of_days(snapshot, from_date, through_date, chosen)
        else:
            calendar = await calendar_of_group(snapshot, group_id, from_date, through_date, chosen)
    among = [
        booking.session_id
        for booking in calendar.bookings.values()
        if from_date <= booking.session_date <= through_date and group_id in (None, booking.group_definition_id)
    ]
    conflicts = await _select(find_conflicts(calendar, chosen, among), page_window)

    async def total() -> int:
        return await _count(find_conflicts(calendar, chosen, among))

    result = computed_page(conflicts, page_window, total, _cursor)
    _disclosed(context, result.nodes)
    return result


async def _select(conflicts: Iterator[Conflict], part: Window) -> list[Conflict]:
    """Return a part of the conflicts, and one more if they go on. No more than these are in memory at once."""
    after, before = (None if keys is None else ConflictKey(*keys) for keys in (part.after, part.before))
    selected: deque[Conflict] = deque(maxlen=part.limit + 1)
    async for conflict in _paced(conflicts):
        if before is not None and conflict.key >= before:
            break
        if after is None or conflict.key > after:
            selected.append(conflict)
            if not part.backwards and len(selected) > part.limit:
                break
    return list(selected)


async def _count(conflicts: Iterator[Conflict]) -> int:
    count = 0
    async for _ in _paced(conflicts):
        count += 1
    return count


async def _paced(conflicts: Iterator[Conflict]) -> AsyncIterator[Conflict]:
    """Yield the conflicts, and let other requests run between them: sites with many rooms have very many."""
    for number, conflict in enumerate(conflicts, 1):
        yield conflict
        if number % _PER_ITERATION == 0:
            await asyncio.sleep(0)


async def _conflicts_by_session(
    snapshot: Snapshot, session_ids: Sequence[UUID], kinds: frozenset[ConflictKind]
) -> dict[UUID, list[Conflict]]:
    calendar = await calendar_of_sessions(snapshot, session_ids, kinds)
    return by_session(find_conflicts(calendar, kinds, session_ids))


def _disclosed(context: Context, conflicts: Sequence[Conflict] | None) -> list[Conflict]:
    """Return the conflicts, and record whose they are for the access log."""
    context.disclosures.add(conflict.patient_id for conflict in conflicts or () if conflict.patient_id is not None)
    return list(conflicts or ())


def _cursor(conflict: Conflict) -> str:
    return cursor_of_keys(_LIST.name, conflict.key)

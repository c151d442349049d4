"""How the calendars of groups differ from their definitions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from db.queries.calendars import GroupWindow, calendars
from db.queries.closures import DayWindow, closures_of_windows
from db.queries.references import LOCATIONS
from domain.closures import closed_days
from domain.drift import DriftItem, drift
from domain.plan import MAX_MONTHS, last_day_of_window, plan_sessions
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.refusal import Refusal
from domain.wall_time import local_date
from resolvers.arguments import day, in_order
from resolvers.context import Context
from resolvers.errors import BadInput


@dataclass(frozen=True, slots=True)
class ScheduleDrift:
    """How a calendar differs from the definition: what reconciling it would change, by date."""

    items: tuple[DriftItem, ...] = ()

    @property
    def count(self) -> int:
        """The number of differences."""
        return len(self.items)


async def schedule_drifts(
    groups: Sequence[GroupDefinition], context: Context, from_: date | None = None, through: date | None = None
) -> list[ScheduleDrift]:
    """Return how the calendar of each group differs from its definition in a window of at most 24 months.

    The window begins today by default, and ends with the last day of the recurrence that a scheduled session fills.
    Later days are not planned yet. A deleted group has no differences: it cannot be reconciled.

    Raises:
        BadInput: A day is out of range, or the window is too long or not in order.
    """
    day(from_, "from")
    day(through, "through")
    in_order(from_, through)
    now = context.clinic.clock()
    windows = {group.id: _window(context, group, from_, through) for group in groups}
    sessions = await context.loaders.values(calendars).load_all(windows.values())
    closed = await _closed_days(context, groups, windows)

    def compute(group: GroupDefinition) -> ScheduleDrift:
        window = windows[group.id]
        held = sessions[window] or ()
        last = _last_filled_day(held) if through is None else through
        if group.deleted_at is not None or last is None:
            return ScheduleDrift()
        return _drift(group, closed[group.id], held, GroupWindow(group.id, window.from_date, last), now)

    return await context.clinic.pace.map(compute, groups)


def _window(context: Context, group: GroupDefinition, from_: date | None, through: date | None) -> GroupWindow:
    first = local_date(context.clinic.clock(), group.time_zone) if from_ is None else from_
    longest = last_day_of_window(first)
    if through is not None and through > longest:
        raise BadInput(f"`through` may be at most {MAX_MONTHS} months after `from`, here {longest}.", "through")
    return GroupWindow(group.id, first, longest if through is None else through)


async def _closed_days(
    context: Context, groups: Sequence[GroupDefinition], windows: Mapping[UUID, GroupWindow]
) -> dict[UUID, Collection[date]]:
    """Return the days on which the location of each group is closed, by the group's id."""
    days = {group.id: DayWindow(windows[group.id].from_date, windows[group.id].through_date) for group in groups}
    closures = await context.loaders.values(closures_of_windows).load_all(days.values())
    places = {group.location_id for group in groups if group.location_id is not None and closures[days[group.id]]}
    locations = await context.loaders.records(LOCATIONS).load_all(places)
    return {
        group.id: closed_days(
            closures[days[group.id]] or (),
            locations.get(group.location_id),
            days[group.id].from_date,
            days[group.id].through_date,
        )
        for group in groups
    }


def _last_filled_day(sessions: Iterable[Occurrence]) -> date | None:
    """Return the last day of the recurrence that a scheduled session fills; None if there is none."""
    scheduled = (session for session in sessions if session.status is OccurrenceStatus.SCHEDULED)
    return max((session.recurrence_date for session in scheduled if session.recurrence_date), default=None)


def _drift(
    group: GroupDefinition,
    closed: Collection[date],
    sessions: Iterable[Occurrence],
    window: GroupWindow,
    now: datetime,
) -> ScheduleDrift:
    try:
        plan = plan_sessions(group, closed, window.from_date, window.through_date)
    except Refusal:
        # The definition must be corrected first: its sessions would end after midnight.
        return ScheduleDrift()
    return ScheduleDrift(tuple(drift(plan, list(filter(window.holds, sessions)), now)))

"""Computed fields of a group: its capacity, and its program's compliance in a week."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from db.queries.groups import SEATS_OF_GROUP, Seats, count_seats
from db.queries.sessions import GroupWeek, session_times
from domain.capacity import Capacity
from domain.compliance import Compliance, Program, week_start, weekly_compliance
from domain.records import GroupDefinition, GroupType
from domain.wall_time import local_date
from resolvers.arguments import day
from resolvers.context import Context
from resolvers.queries.prefetch import Prefetch

_PROGRAMS: Final = {GroupType.IOP: Program.IOP, GroupType.PHP: Program.PHP}


async def capacity(context: Context, group: GroupDefinition) -> Capacity:
    """Return the capacity of a group."""
    return _capacity(group, await context.loaders.values(count_seats).load(group.id))


async def capacities(groups: Sequence[GroupDefinition], context: Context) -> list[Capacity]:
    """Return the capacity of each group."""
    seats = await context.loaders.values(count_seats).load_all(group.id for group in groups)
    return [_capacity(group, seats[group.id]) for group in groups]


def prefetch_capacity() -> Prefetch:
    """Return how a group's capacity is read together with the group."""
    return Prefetch((SEATS_OF_GROUP,), lambda _context, group, values: _capacity(group, values[0]))


async def compliance(context: Context, group: GroupDefinition, week_of: date | None) -> Compliance | None:
    """Return the compliance in the week of a day, by default today in the group's zone; None if it is not a program.

    Raise BadInput for a day in an unsupported year.
    """
    day(week_of, "weekOf")
    if group.group_type not in _PROGRAMS:
        return None
    week = _week(context, group, week_of)
    return _compliance(group, week, await context.loaders.values(session_times).load(week))


async def compliances(
    groups: Sequence[GroupDefinition], context: Context, week_of: date | None = None
) -> list[Compliance | None]:
    """Return the compliance of each group, with the arguments of `compliance`. Raise BadInput."""
    day(week_of, "weekOf")
    weeks = {group.id: _week(context, group, week_of) for group in groups if group.group_type in _PROGRAMS}
    times = await context.loaders.values(session_times).load_all(weeks.values())
    return [
        _compliance(group, weeks[group.id], times[weeks[group.id]]) if group.id in weeks else None for group in groups
    ]


def _capacity(group: GroupDefinition, seats: Seats | None) -> Capacity:
    if seats is None:
        return Capacity(0, 0, group.max_capacity, group.min_capacity)
    return Capacity(seats.enrolled, seats.waitlisted, group.max_capacity, group.min_capacity)


def _week(context: Context, group: GroupDefinition, week_of: date | None) -> GroupWeek:
    day_of_week = local_date(context.clinic.clock(), group.time_zone) if week_of is None else week_of
    return GroupWeek(group.id, week_start(day_of_week, context.clinic.first_weekday))


def _compliance(
    group: GroupDefinition, week: GroupWeek, times: Iterable[tuple[datetime, datetime]] | None
) -> Compliance:
    return weekly_compliance(_PROGRAMS[group.group_type], week.first_day, group.time_zone, times or ())

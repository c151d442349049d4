"""What is worked out for a group: its seats now, and its program's week."""

from collections.abc import Iterable, Sequence
from datetime import date

from db.queries.groups import SEATS_OF_GROUP, Seats
from domain.capacity import Capacity
from domain.compliance import Compliance, Program, week_start, weekly_compliance
from domain.records import GroupDefinition, GroupType, Occurrence
from domain.wall_time import local_date
from resolvers.arguments import day
from resolvers.context import Context
from resolvers.queries.prefetch import Ahead

_PROGRAMS = {GroupType.IOP: Program.IOP, GroupType.PHP: Program.PHP}


async def capacity(context: Context, group: GroupDefinition) -> Capacity:
    """Return how the group's seats stand."""
    return _capacity(group, await context.loaders.seats.load(group.id))


async def capacities(groups: Sequence[GroupDefinition], context: Context) -> list[Capacity]:
    """Return how the seats of each of many groups stand."""
    seats = await context.loaders.seats.load_all(group.id for group in groups)
    return [_capacity(group, seats[group.id]) for group in groups]


def capacity_ahead() -> Ahead:
    """Return how a group's seats are read along with it."""
    return Ahead((SEATS_OF_GROUP,), lambda _context, group, found: _capacity(group, found[0]))


async def compliance(context: Context, group: GroupDefinition, week_of: date | None) -> Compliance | None:
    """Return the week that holds the day, by default today in the group's zone; None where the group is no program.

    Raises:
        BadInput: For a day in a year that is not scheduled here.
    """
    day(week_of, "weekOf")
    if group.group_type not in _PROGRAMS:
        return None
    week = _week(context, group, week_of)
    return _compliance(group, week, await context.loaders.week_sessions.load((group.id, (week,))))


async def compliances(
    groups: Sequence[GroupDefinition], context: Context, week_of: date | None = None
) -> list[Compliance | None]:
    """Return the week of each of many groups, as above. Raise BadInput."""
    day(week_of, "weekOf")
    weeks = {group.id: _week(context, group, week_of) for group in groups if group.group_type in _PROGRAMS}
    sessions = await context.loaders.week_sessions.load_all(((group, (week,)) for group, week in weeks.items()))
    return [
        _compliance(group, week, sessions[group.id, (week,)]) if (week := weeks.get(group.id)) else None
        for group in groups
    ]


def _capacity(group: GroupDefinition, seats: Seats | None) -> Capacity:
    if seats is None:
        return Capacity(0, 0, group.max_capacity, group.min_capacity)
    return Capacity(seats.enrolled, seats.waitlisted, group.max_capacity, group.min_capacity)


def _week(context: Context, group: GroupDefinition, week_of: date | None) -> date:
    day_of_week = local_date(context.clinic.clock(), group.time_zone) if week_of is None else week_of
    return week_start(day_of_week, context.clinic.first_weekday)


def _compliance(group: GroupDefinition, week: date, sessions: Iterable[Occurrence]) -> Compliance:
    stretches = ((session.starts_at, session.ends_at) for session in sessions)
    return weekly_compliance(_PROGRAMS[group.group_type], week, group.time_zone, stretches)

"""What is worked out for a group: its seats now, and its program's week."""

from datetime import date

from domain.capacity import Capacity
from domain.compliance import Compliance, Program, week_start, weekly_compliance
from domain.records import GroupDefinition, GroupType
from domain.wall_time import local_date
from resolvers.arguments import day
from resolvers.context import Context

_PROGRAMS = {GroupType.IOP: Program.IOP, GroupType.PHP: Program.PHP}


async def capacity(context: Context, group: GroupDefinition) -> Capacity:
    """Gives how the group's seats stand."""
    seats = await context.loaders.seats.load(group.id)
    if seats is None:
        return Capacity(0, 0, group.max_capacity, group.min_capacity)
    return Capacity(seats.enrolled, seats.waitlisted, group.max_capacity, group.min_capacity)


async def compliance(context: Context, group: GroupDefinition, week_of: date | None) -> Compliance | None:
    """Gives the week that holds the day, by default today in the group's zone; None where the group is no program.

    Raises:
        BadInput: For a day in a year that is not scheduled here.
    """
    day(week_of, "weekOf")
    program = _PROGRAMS.get(group.group_type)
    if program is None:
        return None
    if week_of is None:
        week_of = local_date(context.clinic.clock(), group.time_zone)
    start = week_start(week_of, context.clinic.first_weekday)
    sessions = await context.loaders.week_sessions.load((group.id, (start,)))
    stretches = ((session.starts_at, session.ends_at) for session in sessions)
    return weekly_compliance(program, start, group.time_zone, stretches)

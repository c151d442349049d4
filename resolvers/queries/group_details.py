"""Computed fields of a group: its capacity, and its program's compliance in a week."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from db.queries.groups import SEATS_OF_GROUP, Seats, count_seats
from db.queries.sessions import sessions_by_date
from db.transactions.snapshots import Snapshot
from domain.capacity import Capacity
from domain.compliance import Compliance, Program, week_start, weekly_compliance
from domain.records import GroupDefinition, GroupType, Occurrence
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
    return _compliance(group, week, await context.loaders.values(_week_sessions, week).load(group.id))


async def compliances(
    groups: Sequence[GroupDefinition], context: Context, week_of: date | None = None
) -> list[Compliance | None]:
    """Return the compliance of each group, with the arguments of `compliance`. Raise BadInput."""
    day(week_of, "weekOf")
    groups_by_week: dict[date, list[UUID]] = {}
    weeks = {group.id: _week(context, group, week_of) for group in groups if group.group_type in _PROGRAMS}
    for group_id, week in weeks.items():
        groups_by_week.setdefault(week, []).append(group_id)
    sessions: dict[UUID, Sequence[Occurrence] | None] = {}
    for week, group_ids in groups_by_week.items():
        sessions |= await context.loaders.values(_week_sessions, week).load_all(group_ids)
    return [_compliance(group, weeks[group.id], sessions[group.id]) if group.id in weeks else None for group in groups]


def _capacity(group: GroupDefinition, seats: Seats | None) -> Capacity:
    if seats is None:
        return Capacity(0, 0, group.max_capacity, group.min_capacity)
    return Capacity(seats.enrolled, seats.waitlisted, group.max_capacity, group.min_capacity)


def _week(context: Context, group: GroupDefinition, week_of: date | None) -> date:
    day_of_week = local_date(context.clinic.clock(), group.time_zone) if week_of is None else week_of
    return week_start(day_of_week, context.clinic.first_weekday)


async def _week_sessions(snapshot: Snapshot, group_ids: Sequence[UUID], week: date) -> dict[UUID, list[Occurrence]]:
    # The time zones of a group and of its sessions may differ, by up to 26 hours: add two days on each side.
    return await sessions_by_date(snapshot, group_ids, week - timedelta(days=2), week + timedelta(days=8))


def _compliance(group: GroupDefinition, week: date, sessions: Iterable[Occurrence] | None) -> Compliance:
    times = ((session.starts_at, session.ends_at) for session in sessions or ())
    return weekly_compliance(_PROGRAMS[group.group_type], week, group.time_zone, times)

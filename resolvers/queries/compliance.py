"""The compliance of groups: their rule sets, a week, and the coming weeks."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from db.queries.groups import count_seats
from db.queries.sessions import GroupWeeks, session_times
from domain.compliance import Compliance, weekly_compliance
from domain.records import PROGRAMS, GroupDefinition
from domain.rule_sets import ComplianceRuleSet
from domain.wall_time import local_date
from domain.weeks import DatedSession, Session, sessions_by_week, week_start
from resolvers.arguments import day
from resolvers.context import Context
from resolvers.errors import BadInput

DEFAULT_WEEKS: Final = 8
MOST_WEEKS: Final = 26


def rule_set(context: Context, group: GroupDefinition) -> ComplianceRuleSet | None:
    """Return the rule set of a group: the one that it names, or the default of its type; None if it is no program."""
    program = PROGRAMS.get(group.group_type)
    return None if program is None else context.clinic.rule_sets.of(program, group.compliance_rule_set_id)


async def rule_sets(groups: Sequence[GroupDefinition], context: Context) -> list[ComplianceRuleSet | None]:
    """Return the rule set of each group."""
    return [rule_set(context, group) for group in groups]


async def compliance(context: Context, group: GroupDefinition, week_of: date | None) -> Compliance | None:
    """Return the compliance in the week of a day, by default today in the group's zone; None if it is not a program.

    Raise BadInput for a day in an unsupported year.
    """
    [week] = await compliances([group], context, week_of)
    return week


async def compliances(
    groups: Sequence[GroupDefinition], context: Context, week_of: date | None = None
) -> list[Compliance | None]:
    """Return the compliance of each group, with the arguments of `compliance`. Raise BadInput."""
    day(week_of, "weekOf")
    return [None if weeks is None else weeks[0] for weeks in await _measured(groups, context, week_of, 1)]


async def forecasts(
    groups: Sequence[GroupDefinition], context: Context, from_: date | None = None, weeks: int | None = DEFAULT_WEEKS
) -> list[list[Compliance] | None]:
    """Return the compliance of each group in consecutive weeks, the first of which contains `from_`.

    Raise BadInput for a day in an unsupported year, and for the number of weeks.
    """
    day(from_, "from")
    count = DEFAULT_WEEKS if weeks is None else weeks
    if not 1 <= count <= MOST_WEEKS:
        raise BadInput(f"`weeks` must be between 1 and {MOST_WEEKS}.", "weeks")
    return await _measured(groups, context, from_, count)


async def _measured(
    groups: Sequence[GroupDefinition], context: Context, day_of_first: date | None, count: int
) -> list[list[Compliance] | None]:
    """Return `count` weeks of each group, None if it is no program. The number of statements is constant.

    Groups with equal rules and sessions have equal weeks, so each of these is measured once.
    """
    rules = {group.id: rules for group in groups if (rules := rule_set(context, group)) is not None}
    weeks = {group.id: _weeks(context, group, day_of_first, count) for group in groups if group.id in rules}
    times = await context.loaders.values(session_times).load_all(weeks.values())
    sizes = await _group_sizes(context, rules)
    measured: dict[tuple[object, ...], Compliance] = {}

    def measure(group: GroupDefinition) -> list[Compliance] | None:
        if group.id not in rules:
            return None
        of_group, zone, size = rules[group.id], group.time_zone, sizes.get(group.id, 0)
        compliances = []
        for first_day, sessions in _sessions(weeks[group.id], zone, times[weeks[group.id]]):
            key = of_group.id, first_day, zone, size, *sessions
            compliance = measured.get(key)
            if compliance is None:
                compliance = measured[key] = weekly_compliance(of_group, first_day, zone, sessions, size)
            compliances.append(compliance)
        return compliances

    return await context.clinic.pace.map(measure, groups)


async def _group_sizes(context: Context, rules: dict[UUID, ComplianceRuleSet]) -> dict[UUID, int]:
    """Return the number of patients with a seat, for the groups whose rule set limits it."""
    limited = [group_id for group_id, rule_set in rules.items() if rule_set.group_size_maximum is not None]
    if not limited:
        return {}
    seats = await context.loaders.values(count_seats).load_all(limited)
    return {group_id: seats_of_group.enrolled for group_id, seats_of_group in seats.items() if seats_of_group}


def _weeks(context: Context, group: GroupDefinition, day_of_first: date | None, count: int) -> GroupWeeks:
    first = local_date(context.clinic.clock(), group.time_zone) if day_of_first is None else day_of_first
    return GroupWeeks(group.id, week_start(first, context.clinic.first_weekday), count)


def _sessions(
    weeks: GroupWeeks, zone: str, dated: Sequence[DatedSession] | None
) -> list[tuple[date, Sequence[Session]]]:
    """Return the first day of each week, and the sessions that take place in it."""
    first_days = [weeks.first_day + timedelta(weeks=number) for number in range(weeks.count)]
    times = [session[:2] for session in dated or ()]  # faster than `times` for the many sessions of a forecast
    return list(zip(first_days, sessions_by_week(times, weeks.first_day, weeks.count, zone), strict=True))

"""What a command does to others. It is measured in the command's transaction, also in that of a dry run."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from db.queries.conflicts import calendar_of_sessions
from db.queries.groups import count_enrolled, find_groups
from db.queries.sessions import live_times
from db.transactions.unit_of_work import UnitOfWork
from domain.conflicts import Conflict
from domain.records import PROGRAMS, GroupDefinition
from domain.rule_sets import ComplianceRuleSet
from domain.schedule_impact import (
    ComplianceChange,
    ProgramGroup,
    ScheduleImpact,
    changed_weeks,
    compliance_changes,
    is_live,
    made_conflicts,
)
from domain.session_changes import SessionChange
from resolvers.commands.patient_impact import patient_compliance_changes
from resolvers.context import Context

_AROUND: Final = range(-2, 9)
"""The days of a week, and those around it on which a session of another time zone may be in it."""


async def measure_impact(context: Context, work: UnitOfWork) -> ScheduleImpact:
    """Return the selected fields of the impact of the sessions that a transaction has changed so far.

    The number of statements is constant. Fields that the request does not select are empty: the weeks of patients take
    much time, and reading them is recorded.
    """
    changes = [change for change in work.session_changes if change.history]
    if not changes:
        return ScheduleImpact()
    selected = context.impact_fields
    return ScheduleImpact(
        await _conflicts(context, work, changes) if "conflicts" in selected else (),
        await _compliance(context, work, changes) if "compliance" in selected else (),
        await patient_compliance_changes(context, work, changes) if "patientCompliance" in selected else (),
    )


async def _conflicts(context: Context, work: UnitOfWork, changes: Sequence[SessionChange]) -> tuple[Conflict, ...]:
    kinds = context.conflict_kinds
    calendar = await calendar_of_sessions(work, [change.after.id for change in changes if is_live(change.after)], kinds)
    return made_conflicts(calendar, changes, kinds)


async def _compliance(
    context: Context, work: UnitOfWork, changes: Sequence[SessionChange]
) -> tuple[ComplianceChange, ...]:
    rules, groups = await _programs(context, work, {change.after.group_definition_id for change in changes})
    weeks = changed_weeks(changes, groups, context.clinic.first_weekday)
    if not weeks:
        return ()
    first_days = set().union(*weeks.values())
    days = {first_day + timedelta(days=number) for first_day in first_days for number in _AROUND}
    times = await live_times(work, list(weeks), sorted(days))
    sizes = await _sizes(work, rules)
    of_groups: dict[UUID, list[SessionChange]] = {}
    for change in changes:
        of_groups.setdefault(change.after.group_definition_id, []).append(change)
    changed: list[ComplianceChange] = []
    for group_id, first_days in weeks.items():
        after = {session_id: session.times for session_id, session in times.get(group_id, {}).items()}
        program = ProgramGroup(groups[group_id], rules[group_id], sizes.get(group_id, 0))
        changed += compliance_changes(program, first_days, after, of_groups[group_id])
    return tuple(sorted(changed, key=lambda change: _order(change, groups)))


async def _programs(
    context: Context, work: UnitOfWork, group_ids: set[UUID]
) -> tuple[Mapping[UUID, ComplianceRuleSet], Mapping[UUID, GroupDefinition]]:
    """Return those of the groups that are IOP or PHP, and their rule sets, by id."""
    groups = {group.id: group for group in await find_groups(work, sorted(group_ids)) if group.group_type in PROGRAMS}
    rules = {
        group.id: context.clinic.rule_sets.of(PROGRAMS[group.group_type], group.compliance_rule_set_id)
        for group in groups.values()
    }
    return rules, groups


async def _sizes(work: UnitOfWork, rules: Mapping[UUID, ComplianceRuleSet]) -> Mapping[UUID, int]:
    """Return the number of patients with a seat, for the groups whose rule set limits it."""
    limited = [group_id for group_id, rule_set in rules.items() if rule_set.group_size_maximum is not None]
    return await count_enrolled(work, limited) if limited else {}


def _order(change: ComplianceChange, groups: Mapping[UUID, GroupDefinition]) -> tuple[date, str, UUID]:
    """Return the position of a week in the impact: by its first day, and then by the group's name."""
    return change.before.week_start, groups[change.group_definition_id].name, change.group_definition_id

"""What a command does to the weeks of patients, measured in the command's transaction."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from db.queries.groups import count_enrolled
from db.queries.program_seats import seats_of_attendees
from db.queries.sessions import live_times
from db.transactions.unit_of_work import UnitOfWork
from domain.patient_impact import (
    EqualWeeks,
    PatientChanges,
    SeatsOfWeek,
    calendars,
    weeks_of_changes,
)
from domain.records import PROGRAMS, GroupDefinition
from domain.session_changes import SessionChange
from domain.weeks import week_end
from resolvers.caller import PermissionKey
from resolvers.context import Context

_AROUND: Final = range(-2, 9)
"""The days of a week, and those around it on which a session of another time zone may be in it."""


async def patient_compliance_changes(
    context: Context, work: UnitOfWork, changes: Sequence[SessionChange]
) -> tuple[EqualWeeks, ...]:
    """Return the patients' weeks that fall under a requirement or rise to it, by week and program.

    Return none to a caller who may not view enrollments. The number of statements is constant.
    """
    weeks = weeks_of_changes(changes, context.clinic.first_weekday)
    if not weeks or not context.has(PermissionKey.GROUP_ENROLLMENTS_VIEW):
        return ()
    seats = await seats_of_attendees(work, sorted(set().union(*weeks.values())), min(weeks), week_end(max(weeks)))
    groups = {seat.group.id: seat.group for of_patient in seats.values() for seat in of_patient}
    if not groups:
        return ()
    days = {first_day + timedelta(days=number) for first_day in weeks for number in _AROUND}
    of_groups = [change for change in changes if change.after.group_definition_id in groups]
    sessions = calendars(weeks, await live_times(work, sorted(groups), sorted(days)), of_groups)
    sizes = await _sizes(context, work, groups)
    of_weeks = [
        SeatsOfWeek(patient_id, of_patient, first_day)
        for first_day, changed in sorted(weeks.items())
        for patient_id, of_patient in sorted(seats.items())
        if any(seat.group.id in changed for seat in of_patient)
    ]
    compared = PatientChanges(sessions, sizes, context.clinic.rule_sets, work.now)
    await context.clinic.pace.map(compared.compare, of_weeks)
    return compared.changed_weeks()


async def _sizes(context: Context, work: UnitOfWork, groups: Mapping[UUID, GroupDefinition]) -> Mapping[UUID, int]:
    """Return the number of patients with a seat in each group, if the rule set of any group limits it."""
    rule_sets = context.clinic.rule_sets
    sets = (
        rule_sets.of(PROGRAMS[group.group_type], group.compliance_rule_set_id)
        for group in groups.values()
        if group.group_type in PROGRAMS
    )
    if all(rules.group_size_maximum is None for rules in sets):
        return {}
    return await count_enrolled(work, sorted(groups))

"""The compliance of patients: the weeks of each one in the programs that the patient takes part in."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from db.queries.groups import count_seats
from db.queries.program_seats import WeekOfPatient, program_seats
from db.queries.sessions import GroupWeeks, session_times
from domain.patient_compliance import PatientCompliance, PatientWeek, patient_compliance
from domain.patient_weeks import Seat, patient_weeks
from domain.wall_time import local_date
from domain.weeks import week_start
from resolvers.arguments import day
from resolvers.context import Context
from resolvers.queries.compliance import rule_set


async def compliances_of_patients(
    patient_ids: Sequence[str], context: Context, week_of: date | None = None
) -> list[list[PatientCompliance]]:
    """Return the compliance of each patient in the week of a day, by default today in the clinic's time zone.

    There is one for each program that the patient takes part in. The number of statements is constant. Raise BadInput
    for a day in an unsupported year.
    """
    day(week_of, "weekOf")
    clinic = context.clinic
    present = clinic.clock()
    today = local_date(present, clinic.default_time_zone)
    first_day = week_start(today if week_of is None else week_of, clinic.first_weekday)
    weeks = await _weeks(patient_ids, context, first_day)
    all_weeks = [week for of_patient in weeks for week in of_patient]
    measured = iter(await clinic.pace.map(lambda week: patient_compliance(week, present), all_weeks))
    return [[next(measured) for _ in of_patient] for of_patient in weeks]


async def _weeks(patient_ids: Sequence[str], context: Context, first_day: date) -> list[list[PatientWeek]]:
    loaders = context.loaders
    keys = [WeekOfPatient(patient_id, first_day) for patient_id in patient_ids]
    seats = await loaders.values(program_seats).load_all(keys)
    group_ids = {seat.group.id for of_patient in seats.values() for seat in of_patient or ()}
    times = await loaders.values(session_times).load_all(GroupWeeks(group_id, first_day) for group_id in group_ids)
    sessions = {period.group_id: of_group or () for period, of_group in times.items()}
    sizes = await _group_sizes(context, seats)
    return [
        patient_weeks(key.patient_id, seats[key] or (), first_day, sessions, sizes, context.clinic.rule_sets)
        for key in keys
    ]


async def _group_sizes(context: Context, seats: Mapping[WeekOfPatient, Sequence[Seat] | None]) -> dict[UUID, int]:
    """Return the number of patients with a seat in each group, if the rule set of any group limits it."""
    groups = {seat.group.id: seat.group for of_patient in seats.values() for seat in of_patient or ()}
    sets = (rule_set(context, group) for group in groups.values())
    if all(rules is None or rules.group_size_maximum is None for rules in sets):
        return {}
    counts = await context.loaders.values(count_seats).load_all(groups)
    return {group_id: counted.enrolled for group_id, counted in counts.items() if counted}

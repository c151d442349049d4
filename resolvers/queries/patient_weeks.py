"""The compliance of patients: the weeks of each one in the programs that the patient takes part in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from db.queries.groups import count_seats
from db.queries.program_seats import WeekOfPatient, program_seats
from db.queries.sessions import GroupWeeks, session_times
from domain.patient_compliance import PatientCompliance
from domain.patient_weeks import PatientWeeks, Seat
from domain.records import GroupDefinition, Program
from domain.wall_time import local_date
from domain.weeks import week_start
from resolvers.arguments import day
from resolvers.context import Context
from resolvers.queries.compliance import rule_set


def first_day_of_week(context: Context, week_of: date | None) -> date:
    """Return the first day of the week of a day, by default today in the clinic's time zone.

    Raise BadInput for a day in an unsupported year.
    """
    day(week_of, "weekOf")
    clinic = context.clinic
    today = local_date(clinic.clock(), clinic.default_time_zone)
    return week_start(today if week_of is None else week_of, clinic.first_weekday)


async def compliances_of_patients(
    patient_ids: Sequence[str], context: Context, week_of: date | None = None
) -> list[list[PatientCompliance]]:
    """Return the compliance of each patient in the week of a day, by default today in the clinic's time zone.

    There is one for each program that the patient takes part in. The number of statements is constant. Raise BadInput
    for a day in an unsupported year.
    """
    first_day = first_day_of_week(context, week_of)
    keys = [WeekOfPatient(patient_id, first_day) for patient_id in patient_ids]
    seats = await context.loaders.values(program_seats).load_all(keys)
    return await compare_weeks(context, first_day, {key.patient_id: seats[key] or () for key in keys})


async def compare_weeks(
    context: Context,
    first_day: date,
    seats: Mapping[str, Sequence[Seat]],
    programs: Collection[Program] = frozenset(Program),
) -> list[list[PatientCompliance]]:
    """Return each patient's week in each of the programs that the patient takes part in.

    Args:
        context: The request.
        first_day: The first day of the week.
        seats: The patients' seats in groups that count toward these programs, by patient.
        programs: The programs.
    """
    groups = {seat.group.id: seat.group for of_patient in seats.values() for seat in of_patient}
    loader = context.loaders.values(session_times)
    times = await loader.load_all(GroupWeeks(group_id, first_day) for group_id in groups)
    sessions = {period.group_id: of_group or () for period, of_group in times.items()}
    sizes = await _group_sizes(context, groups)
    clinic = context.clinic
    compared = PatientWeeks(first_day, sessions, sizes, clinic.rule_sets, clinic.clock(), programs)
    return await clinic.pace.map(lambda patient_id: compared.of(patient_id, seats[patient_id]), list(seats))


async def _group_sizes(context: Context, groups: Mapping[UUID, GroupDefinition]) -> dict[UUID, int]:
    """Return the number of patients with a seat in each group, if the rule set of any group limits it."""
    sets = (rule_set(context, group) for group in groups.values())
    if all(rules is None or rules.group_size_maximum is None for rules in sets):
        return {}
    counts = await context.loaders.values(count_seats).load_all(groups)
    return {group_id: counted.enrolled for group_id, counted in counts.items() if counted}

"""Patients' weeks from their seats: the programs that a patient takes part in, and the sessions that count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.expected import is_expected
from domain.patient_compliance import PatientWeek
from domain.records import PROGRAMS, Enrollment, GroupDefinition, Program
from domain.rule_sets import RuleSets, strictest
from domain.wall_time import local_date
from domain.weeks import DatedSession, Session, sessions_by_week, week_end


@dataclass(frozen=True, slots=True)
class Seat:
    """A patient's enrollment that has or had a seat, and its group."""

    enrollment: Enrollment
    group: GroupDefinition


def patient_weeks(
    patient_id: str,
    seats: Sequence[Seat],
    week_start: date,
    sessions: Mapping[UUID, Sequence[DatedSession]],
    group_sizes: Mapping[UUID, int],
    rule_sets: RuleSets,
) -> list[PatientWeek]:
    """Return a patient's week in each program that the patient takes part in, in the order of the programs.

    Args:
        patient_id: The patient.
        seats: The patient's seats in the groups that count toward any program.
        week_start: The first day of the week.
        sessions: The sessions that are not cancelled, by group. Those outside of the week are ignored.
        group_sizes: The number of patients with a seat, for the groups whose rule set limits it.
        rule_sets: The rule sets of the clinic.
    """
    weeks = []
    for program in Program:
        own = [seat for seat in seats if PROGRAMS.get(seat.group.group_type) is program and _is_held(seat, week_start)]
        if not own:
            continue
        sets = {seat.group: rule_sets.of(program, seat.group.compliance_rule_set_id) for seat in own}
        rules = strictest(sets.values())
        zone = min((group for group, of_group in sets.items() if of_group == rules), key=_by_name).time_zone
        expected = [
            (group, session)
            for group, session in _expected(seats, program, sessions)
            if sessions_by_week([session], week_start, 1, zone)[0]
        ]
        groups = {group.id: group for group, _ in expected}
        weeks.append(
            PatientWeek(
                patient_id,
                rules,
                week_start,
                zone,
                sessions=tuple(session for _, session in expected),
                group_size=max((group_sizes.get(group_id, 0) for group_id in groups), default=0),
                groups=tuple(sorted(groups.values(), key=_by_name)),
                is_partial=_is_partial(own, week_start),
            )
        )
    return weeks


def _expected(
    seats: Sequence[Seat], program: Program, sessions: Mapping[UUID, Sequence[DatedSession]]
) -> list[tuple[GroupDefinition, Session]]:
    """Return the sessions that count toward a program and at which the patient is expected, each once."""
    found: dict[tuple[UUID, datetime, datetime], tuple[GroupDefinition, Session]] = {}
    for seat in seats:
        if program in seat.group.programs:
            for session in sessions.get(seat.group.id, ()):
                if is_expected(seat.enrollment, session.session_date, session.starts_at):
                    found[seat.group.id, session.starts_at, session.ends_at] = seat.group, session.times
    return sorted(found.values(), key=lambda item: (item[1], item[0].id))


def _by_name(group: GroupDefinition) -> tuple[str, UUID]:
    return group.name, group.id


def _is_held(seat: Seat, week_start: date) -> bool:
    """Return whether the seat counts on any day of the week, in a group that is not deleted before it."""
    first, last = _days(seat)
    deleted_at = seat.group.deleted_at
    is_deleted_before = deleted_at is not None and local_date(deleted_at, seat.group.time_zone) < week_start
    return max(first, week_start) <= min(last, week_end(week_start)) and not is_deleted_before


def _is_partial(seats: Sequence[Seat], week_start: date) -> bool:
    """Return whether no seat counts on the first day of the week, or none on its last day."""
    days = [_days(seat) for seat in seats]
    return not all(any(first <= day <= last for first, last in days) for day in (week_start, week_end(week_start)))


def _days(seat: Seat) -> tuple[date, date]:
    """Return the first and the last local day on which the patient may be expected, by the rule of `is_expected`.

    A day on which the seat was given or taken back counts. The days are in the wrong order if there are none.
    """
    enrollment, zone = seat.enrollment, seat.group.time_zone
    enrolled_at, disenrolled_at = enrollment.enrolled_at, enrollment.disenrolled_at
    if enrolled_at is None or enrollment.deleted_at is not None:
        return date.max, date.min
    given = date.min if enrollment.counts_from_start else local_date(enrolled_at, zone)
    taken = date.max if disenrolled_at is None else local_date(disenrolled_at, zone)
    return max(given, enrollment.start_date or date.min), min(taken, enrollment.end_date or date.max)

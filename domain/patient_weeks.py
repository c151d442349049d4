"""Patients' weeks from their seats: the programs that a patient takes part in, and the sessions that count."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.expected import is_expected, wait_of_reinstated
from domain.patient_compliance import PatientCompliance, PatientWeek, patient_compliance
from domain.records import PROGRAMS, Enrollment, GroupDefinition, Program
from domain.rule_sets import RuleSets, strictest
from domain.wall_time import local_date
from domain.weeks import DatedSession, Session, sessions_by_week, week_end

_DAYS_OF_WEEK = 7


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


class PatientWeeks:
    """Compares the weeks of many patients with their rule sets.

    Patients whose stays in the same groups are equal have equal weeks, so each of these is compared once.
    """

    def __init__(
        self,
        week_start: date,
        sessions: Mapping[UUID, Sequence[DatedSession]],
        group_sizes: Mapping[UUID, int],
        rule_sets: RuleSets,
        now: datetime,
        programs: Collection[Program] = frozenset(Program),
    ) -> None:
        """Compare the weeks of some programs, as of an instant. The other arguments are those of `patient_weeks`."""
        self._week_start = week_start
        self._sessions = sessions
        self._group_sizes = group_sizes
        self._rule_sets = rule_sets
        self._now = now
        self._programs = programs
        self._compared: dict[frozenset[_Stay], list[PatientCompliance]] = {}

    def of(self, patient_id: str, seats: Sequence[Seat]) -> list[PatientCompliance]:
        """Return a patient's week in each of the programs that the patient takes part in."""
        stays = frozenset(map(self._stay, seats))
        compared = self._compared.get(stays)
        if compared is None:
            weeks = patient_weeks("", seats, self._week_start, self._sessions, self._group_sizes, self._rule_sets)
            own = [week for week in weeks if week.rules.program in self._programs]
            compared = self._compared[stays] = [patient_compliance(week, self._now) for week in own]
        return [replace(week, patient_id=patient_id) for week in compared]

    def _stay(self, seat: Seat) -> "_Stay":
        """Return all that the week depends on of a seat."""
        enrollment, group_id = seat.enrollment, seat.group.id
        expected = tuple(
            is_expected(enrollment, session.session_date, session.starts_at)
            for session in self._sessions.get(group_id, ())
        )
        return group_id, _stays_in_week(seat, self._week_start), expected


_Days = tuple[date, date]
"""The first and the last day of a stay."""
_Stay = tuple[UUID, tuple[_Days, ...], tuple[bool, ...]]
"""A seat in a week: its group, the days of its stays, and at which sessions the patient is expected."""


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
    deleted_at = seat.group.deleted_at
    is_deleted_before = deleted_at is not None and local_date(deleted_at, seat.group.time_zone) < week_start
    return bool(_stays_in_week(seat, week_start)) and not is_deleted_before


def _is_partial(seats: Sequence[Seat], week_start: date) -> bool:
    """Return whether there is a day of the week on which no seat counts."""
    stays = [days for seat in seats for days in _stays_in_week(seat, week_start)]
    days = (week_start + timedelta(days=number) for number in range(_DAYS_OF_WEEK))
    return not all(any(first <= day <= last for first, last in stays) for day in days)


def _stays_in_week(seat: Seat, week_start: date) -> tuple[_Days, ...]:
    """Return the days of a week on which the seat counts."""
    last_day = week_end(week_start)
    in_week = ((max(first, week_start), min(last, last_day)) for first, last in _stays(seat))
    return tuple((first, last) for first, last in in_week if first <= last)


def _stays(seat: Seat) -> list[_Days]:
    """Return the local days on which the patient may be expected, by the rule of `is_expected`.

    A day on which the seat was given or taken back counts. The days of a stay are in the wrong order if there are none.
    There are two stays if a reinstated patient has waited for a seat in between.
    """
    enrollment, zone = seat.enrollment, seat.group.time_zone
    enrolled_at, disenrolled_at = enrollment.enrolled_at, enrollment.disenrolled_at
    if enrolled_at is None or enrollment.deleted_at is not None:
        return []
    given = date.min if enrollment.counts_from_start else local_date(enrolled_at, zone)
    taken = date.max if disenrolled_at is None else local_date(disenrolled_at, zone)
    first, last = max(given, enrollment.start_date or date.min), min(taken, enrollment.end_date or date.max)
    wait = wait_of_reinstated(enrollment)
    if wait is None:
        return [(first, last)]
    lost_at, regained_at = wait
    before = first, min(last, local_date(lost_at, zone))
    return [before] if regained_at is None else [before, (max(first, local_date(regained_at, zone)), last)]

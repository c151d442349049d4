"""Patients' weeks over random calendars, also when the clocks change, and an independent reading of the rules.

The reading counts slots of half an hour. It shares no code with the weeks but the conversion of local times.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.compliance import ComplianceRequirementCode, ComplianceStatus
from domain.expected import is_expected
from domain.patient_compliance import ComplianceOutlook, PatientCompliance, patient_compliance
from domain.patient_weeks import PatientWeeks, Seat, patient_weeks
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition, GroupType, Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.rule_sets import ComplianceRuleSet
from domain.wall_time import instant
from domain.weeks import DatedSession

SLOT: Final = timedelta(minutes=30)
DAY: Final = timedelta(days=1)
ZONES: Final = ("America/Phoenix", "America/Denver", "America/New_York")
WEEKS: Final = (date(2027, 1, 10), date(2027, 3, 14), date(2026, 11, 1), date(2027, 3, 8))
"""Weeks from a Sunday or a Monday. In all but the first the clocks change, except in Phoenix."""
SOURCE: Final = SHIPPED_RULE_SETS.of(Program.IOP, None).source
MODEST: Final = (
    ComplianceRuleSet("hours", "", Program.IOP, "", SOURCE, weekly_hours=2),
    ComplianceRuleSet("days", "", Program.IOP, "", SOURCE, weekly_hours=3, weekly_days=2, daily_hours=1),
    ComplianceRuleSet("most", "", Program.IOP, "", SOURCE, weekly_hours=1, weekly_hours_maximum=5),
    ComplianceRuleSet("minutes", "", Program.IOP, "", SOURCE, weekly_hours=1.5, session_minutes=60),
    ComplianceRuleSet("php", "", Program.PHP, "", SOURCE, weekly_hours=2.5, weekly_days=1),
)
"""Rule sets that a random calendar meets about as often as not."""
RULE_SETS: Final = SHIPPED_RULE_SETS.extended(MODEST)
RULES: Final[dict[GroupType, tuple[str | None, ...]]] = {
    GroupType.IOP: (None, "hours", "days", "most", "minutes", "asam-2.1-adult"),
    GroupType.PHP: (None, "php"),
    GroupType.SKILLS_TRAINING: (None,),
}


@dataclass(frozen=True)
class Calendar:
    """A patient's seats, and the sessions of their groups around a week."""

    first_day: date
    seats: list[Seat]
    sessions: dict[UUID, list[DatedSession]]
    now: datetime

    def weeks(self) -> list[PatientCompliance]:
        of_patient = patient_weeks("p", self.seats, self.first_day, self.sessions, {}, RULE_SETS)
        return [patient_compliance(week, self.now) for week in of_patient]


def group(number: int, group_type: GroupType, zone: str, rule_set: str | None, programs: tuple[Program, ...]) -> Seat:
    """Return a seat in a group. Its enrollment is replaced later."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    definition = GroupDefinition(
        UUID(int=number), f"Group {number}", group_type, "s", None, None, zone, 12, None, 60, None, 1, made, made, None,
        programs, rule_set,
    )  # fmt: skip
    enrollment = Enrollment(
        UUID(int=number), definition.id, "p", EnrollmentStatus.ENROLLED, None, None, made, None, None, None, 1, made,
        made, None,
    )  # fmt: skip
    return Seat(enrollment, definition)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    first_day, zone = draw(st.sampled_from(WEEKS)), draw(st.sampled_from(ZONES))
    midnight = instant(first_day, time(), zone)
    moments = st.integers(-96, 432).map(lambda slots: midnight + slots * SLOT)
    days = st.integers(-2, 8).map(lambda number: first_day + number * DAY)
    seats: list[Seat] = []
    sessions: dict[UUID, list[DatedSession]] = {}
    for number in range(draw(st.integers(1, 3))):
        group_type = draw(st.sampled_from(list(RULES)))
        programs = tuple(sorted(draw(st.sets(st.sampled_from(Program), max_size=2))))
        empty = group(number, group_type, zone, draw(st.sampled_from(RULES[group_type])), programs)
        for _ in range(draw(st.integers(1, 2))):
            enrolled, left = draw(moments), draw(st.none() | moments)
            # From then on a reinstated patient waited for a seat, if the patient had one before.
            lost, regained = draw(st.none() | moments), draw(st.none() | moments)
            changes: dict[str, Any] = {
                "enrolled_at": midnight - 30 * DAY if draw(st.booleans()) else enrolled,
                "disenrolled_at": None if left is None or left <= enrolled else left,
                "waitlisted_at": lost,
                "promoted_at": None if lost is None or regained is None or regained <= lost else regained,
                "deleted_at": draw(st.sampled_from([None, None, None, midnight])),
                "start_date": draw(st.none() | days),
                "end_date": draw(st.none() | days),
                "counts_from_start": draw(st.booleans()),
            }
            seats.append(Seat(replace(empty.enrollment, **changes), empty.group))
        sessions[empty.group.id] = draw(st.lists(st.builds(
            session, days, st.integers(0, 42), st.integers(1, 8), st.just(zone)
        ), max_size=5))  # fmt: skip
    return Calendar(first_day, seats, sessions, draw(moments))


def session(day: date, slot: int, length: int, zone: str) -> DatedSession:
    starts_at = instant(day, (datetime.combine(day, time()) + slot * SLOT).time(), zone)
    return DatedSession(starts_at, starts_at + length * SLOT, day)


def slots_by_day(calendar: Calendar, zone: str, times: Iterable[tuple[datetime, datetime]]) -> dict[date, int]:
    """Return the number of half hours with a session on each local day of the week."""
    slots = {start + number * SLOT for start, end in times for number in range((end - start) // SLOT)}
    by_day: dict[date, int] = {}
    for slot in slots:
        day = slot.astimezone(ZoneInfo(zone)).date()
        if calendar.first_day <= day < calendar.first_day + 7 * DAY:
            by_day[day] = by_day.get(day, 0) + 1
    return by_day


def suffices(
    calendar: Calendar, rules: ComplianceRuleSet, zone: str, times: Sequence[tuple[datetime, datetime]]
) -> bool:
    by_day = slots_by_day(calendar, zone, times)
    hours = sum(by_day.values()) / 2
    lengths = [
        (end - start).total_seconds() / 60
        for start, end in times
        if calendar.first_day <= start.astimezone(ZoneInfo(zone)).date() < calendar.first_day + 7 * DAY
    ]
    return (
        hours >= (rules.weekly_hours or 0)
        and hours <= (rules.weekly_hours_maximum or 168)
        and len(by_day) >= (rules.weekly_days or 0)
        and all(slots / 2 >= (rules.daily_hours or 0) for slots in by_day.values())
        and all(length >= (rules.session_minutes or 0) for length in lengths)
    )


def attended(calendar: Calendar, program: Program) -> list[tuple[datetime, datetime]]:
    """Return the sessions at which the patient is expected, one for each group and time, that touch the week."""
    found = {
        (seat.group.id, held.starts_at, held.ends_at)
        for seat in calendar.seats
        for held in calendar.sessions[seat.group.id]
        if program in seat.group.programs and is_expected(seat.enrollment, held.session_date, held.starts_at)
    }
    zone = calendar.seats[0].group.time_zone
    times = [(start, end) for _, start, end in sorted(found, key=lambda item: (item[1], item[2], item[0]))]
    return [item for item in times if slots_by_day(calendar, zone, [item])]


def days_of(seat: Seat, first_day: date) -> set[date]:
    """Return the days of the week on which a seat counts."""
    enrollment, zone = seat.enrollment, ZoneInfo(seat.group.time_zone)
    assert enrollment.enrolled_at is not None
    given = enrollment.enrolled_at.astimezone(zone).date()
    lost, regained = (
        None if moment is None else moment.astimezone(zone).date()
        for moment in (enrollment.waitlisted_at, enrollment.promoted_at)
    )
    had_seat = enrollment.waitlisted_at is not None and enrollment.waitlisted_at >= enrollment.enrolled_at
    rules: list[Callable[[date], bool]] = [
        lambda _: enrollment.deleted_at is None,
        lambda day: not had_seat or lost is None or day <= lost or (regained is not None and day >= regained),
        lambda day: enrollment.counts_from_start or day >= given,
        lambda day: enrollment.disenrolled_at is None or day <= enrollment.disenrolled_at.astimezone(zone).date(),
        lambda day: enrollment.start_date is None or day >= enrollment.start_date,
        lambda day: enrollment.end_date is None or day <= enrollment.end_date,
    ]
    week = [first_day + number * DAY for number in range(7)]
    return {day for day in week if all(rule(day) for rule in rules)}


@settings(max_examples=300, deadline=None)
@given(calendars())
def test_hours_and_days_are_those_of_an_independent_reading(calendar: Calendar) -> None:
    for week in calendar.weeks():
        zone = calendar.seats[0].group.time_zone
        times = attended(calendar, week.program)
        by_day = slots_by_day(calendar, zone, times)
        past = slots_by_day(calendar, zone, [item for item in times if item[1] <= calendar.now])
        assert week.hours == pytest.approx(sum(by_day.values()) / 2)
        assert week.hours_past == pytest.approx(sum(past.values()) / 2)
        assert week.days == len(by_day)
        is_enough = suffices(calendar, week.rule_set, zone, times)
        gaps = [gap for gap in week.gaps if gap.code is not ComplianceRequirementCode.GROUP_SIZE]
        assert (not gaps) == is_enough
        assert (week.status is ComplianceStatus.COMPLIANT) == (not week.gaps)


@settings(max_examples=300, deadline=None)
@given(calendars())
def test_an_outlook_is_what_its_words_say(calendar: Calendar) -> None:
    for week in calendar.weeks():
        rules, zone, times = week.rule_set, calendar.seats[0].group.time_zone, attended(calendar, week.program)
        remaining = [number for number, (_, end) in enumerate(times) if end > calendar.now]
        past = [item for item in times if item[1] <= calendar.now]
        without_one = [times[:number] + times[number + 1 :] for number in remaining]
        if suffices(calendar, rules, zone, past):
            expected = ComplianceOutlook.MET
        elif not suffices(calendar, rules, zone, times):
            expected = ComplianceOutlook.CANNOT_BE_MET
        elif all(suffices(calendar, rules, zone, others) for others in without_one):
            expected = ComplianceOutlook.ON_TRACK
        else:
            expected = ComplianceOutlook.AT_RISK
        assert week.outlook is expected


@settings(max_examples=300, deadline=None)
@given(calendars())
def test_a_patient_takes_part_by_a_seat_in_the_program_on_a_day_of_the_week(calendar: Calendar) -> None:
    weeks = {week.program: week for week in calendar.weeks()}
    for program in Program:
        own = [seat for seat in calendar.seats if str(seat.group.group_type) == str(program)]
        days = set().union(*(days_of(seat, calendar.first_day) for seat in own))
        assert (program in weeks) == bool(days)
        if program in weeks:
            assert weeks[program].partial_week == (len(days) < 7)
            held = [seat for seat in own if days_of(seat, calendar.first_day)]
            sets = [RULE_SETS.of(program, seat.group.compliance_rule_set_id) for seat in held]
            assert weeks[program].rule_set in sets
            assert weeks[program].rule_set.weekly_hours == max(rules.weekly_hours or 0 for rules in sets)


@settings(max_examples=150, deadline=None)
@given(st.lists(calendars(), min_size=1, max_size=4), st.sampled_from(Program))
def test_weeks_that_are_compared_together_are_those_of_each_patient(several: list[Calendar], program: Program) -> None:
    first = several[0]
    seats = [[seat for seat in calendar.seats if seat.group.id in first.sessions] for calendar in several]
    groups = {seat.group.id: seat.group for seat in first.seats}
    together = PatientWeeks(first.first_day, first.sessions, {}, RULE_SETS, first.now, (program,))
    for number, of_patient in enumerate(seats):
        own = [Seat(seat.enrollment, groups[seat.group.id]) for seat in of_patient]
        alone = patient_weeks(f"p{number}", own, first.first_day, first.sessions, {}, RULE_SETS)
        expected = [patient_compliance(week, first.now) for week in alone if week.rules.program is program]
        assert together.of(f"p{number}", own) == expected

"""The weekly minimums of intensive programs."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.compliance import Compliance, ComplianceRequirementCode, ComplianceStatus, weekly_compliance
from domain.records import Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.rule_sets import ComplianceRuleSet, RuleSource
from domain.wall_time import instant
from domain.weeks import sessions_by_week, week_start

SUNDAY = date(2027, 1, 10)
PHOENIX, NEW_YORK = "America/Phoenix", "America/New_York"
Session = tuple[datetime, datetime]


def session(weekday: int, hours: float, start: time = time(9), week: date = SUNDAY, zone: str = PHOENIX) -> Session:
    """Return a session of some hours, some days after the first day of the week."""
    begins = instant(week + timedelta(days=weekday), start, zone)
    return begins, begins + timedelta(hours=hours)


def compliance_of(program: Program, *sessions: Session, week: date = SUNDAY, zone: str = PHOENIX) -> Compliance:
    return weekly_compliance(SHIPPED_RULE_SETS.of(program, None), week, zone, sessions)


def messages(compliance: Compliance) -> list[str]:
    return [gap.message for gap in compliance.gaps]


def test_nine_hours_over_three_days_of_three_hours_comply() -> None:
    result = compliance_of(Program.IOP, session(1, 3), session(3, 3), session(5, 3))
    assert result.status is ComplianceStatus.COMPLIANT
    assert (result.hours, result.days, result.gaps) == (9.0, 3, ())
    assert [(r.code.value, r.required, r.actual, r.met) for r in result.requirements] == [
        ("WEEKLY_HOURS", 9.0, 9.0, True),
        ("WEEKLY_DAYS", 3.0, 3.0, True),
        ("DAILY_HOURS", 3.0, 3.0, True),
    ]


def test_the_week_has_seven_days() -> None:
    result = compliance_of(Program.IOP)
    assert (result.program, result.week_start, result.week_end) == (Program.IOP, SUNDAY, date(2027, 1, 16))


def test_gaps_say_what_is_missing() -> None:
    result = compliance_of(Program.IOP, session(1, 3), session(3, 3))
    assert result.status is ComplianceStatus.NON_COMPLIANT
    assert messages(result) == ["Need 3 more hours/week", "Need 1 more day/week"]
    assert [gap.shortfall for gap in result.gaps] == [3.0, 1.0]
    assert [gap.date for gap in result.gaps] == [None, None]


def test_a_gap_names_the_short_day() -> None:
    result = compliance_of(Program.IOP, session(1, 4), session(3, 4), session(5, 2))
    [gap] = result.gaps
    assert gap.message == "Need 1 more hour on Friday, Jan 15"
    assert (gap.code, gap.shortfall, gap.date) == (ComplianceRequirementCode.DAILY_HOURS, 1.0, date(2027, 1, 15))


@pytest.mark.parametrize(
    ("hours_on_the_last_day", "message"),
    [(2, "Need 1 more hour/week"), (1.5, "Need 1.5 more hours/week"), (2.75, "Need 0.25 more hours/week")],
)
def test_one_hour_is_singular_and_fractions_are_plural(hours_on_the_last_day: float, message: str) -> None:
    result = compliance_of(Program.IOP, session(1, 3), session(3, 3), session(5, hours_on_the_last_day))
    assert message in messages(result)


def test_a_week_without_sessions_has_no_short_day() -> None:
    result = compliance_of(Program.IOP)
    assert [(r.actual, r.met) for r in result.requirements] == [(0.0, False), (0.0, False), (0.0, True)]
    assert messages(result) == ["Need 9 more hours/week", "Need 3 more days/week"]


def test_the_daily_requirement_shows_the_shortest_day() -> None:
    result = compliance_of(Program.IOP, session(1, 4), session(3, 1.5), session(5, 2))
    assert result.requirements[2].actual == 1.5
    assert [gap.date for gap in result.gaps if gap.date] == [date(2027, 1, 13), date(2027, 1, 15)]


def test_partial_hospitalization_needs_twenty_hours_over_five_days() -> None:
    sessions = [session(day, 4) for day in range(1, 6)]
    assert compliance_of(Program.PHP, *sessions).status is ComplianceStatus.COMPLIANT
    short = compliance_of(Program.PHP, *sessions[:4])
    assert messages(short) == ["Need 4 more hours/week", "Need 1 more day/week"]


def test_partial_hospitalization_has_no_daily_minimum() -> None:
    result = compliance_of(Program.PHP, *(session(day, 5) for day in range(1, 5)), session(5, 0.5))
    assert result.status is ComplianceStatus.COMPLIANT
    assert [r.code.value for r in result.requirements] == ["WEEKLY_HOURS", "WEEKLY_DAYS"]


def test_overlapping_time_counts_once() -> None:
    result = compliance_of(
        Program.IOP, session(1, 3), session(1, 3, time(10)), session(1, 1, time(10)), session(1, 1, time(13))
    )
    assert result.hours == 5.0
    assert result.days == 1


def test_a_session_past_midnight_belongs_to_both_days() -> None:
    result = compliance_of(Program.IOP, session(1, 4, time(23)))
    assert (result.hours, result.days, result.requirements[2].actual) == (4.0, 2, 1.0)


def test_only_time_within_the_week_counts() -> None:
    result = compliance_of(
        Program.IOP, session(-1, 3, time(22)), session(6, 3, time(22)), session(8, 3), session(-3, 3)
    )
    assert (result.hours, result.days) == (3.0, 2)


def test_days_begin_at_midnight_in_the_time_zone() -> None:
    late = session(6, 2, time(21))  # Saturday in Phoenix, Sunday of the next week in UTC
    assert compliance_of(Program.IOP, late).hours == 2.0
    assert compliance_of(Program.IOP, late, zone="UTC").hours == 0.0


@pytest.mark.parametrize(("week", "hours"), [(date(2026, 3, 8), 2.0), (date(2026, 11, 1), 4.0)])
def test_hours_are_elapsed_time_when_the_clocks_change(week: date, hours: float) -> None:
    overnight = instant(week, time(1), NEW_YORK), instant(week, time(4), NEW_YORK)
    assert compliance_of(Program.IOP, overnight, week=week, zone=NEW_YORK).hours == hours


def test_a_day_of_25_hours_includes_its_last_hour() -> None:
    week = date(2026, 11, 1)
    late = instant(week, time(23), NEW_YORK), instant(week, time(23, 59), NEW_YORK)
    assert compliance_of(Program.IOP, late, week=week, zone=NEW_YORK).days == 1


def test_a_small_shortfall_is_never_rounded_away() -> None:
    result = compliance_of(Program.IOP, session(1, 3), session(3, 3), session(5, 3 - 1 / 60))
    assert messages(result) == ["Need 0.02 more hours/week", "Need 0.02 more hours on Friday, Jan 15"]
    a_second = compliance_of(Program.IOP, session(1, 3), session(3, 3), session(5, 3 - 1 / 3600))
    assert [gap.shortfall for gap in a_second.gaps] == [0.01, 0.01]
    assert a_second.hours == 8.99
    assert not a_second.requirements[0].met


def test_hours_are_shown_with_two_decimals() -> None:
    assert compliance_of(Program.IOP, session(1, 100 / 60)).hours == 1.67


def test_a_session_without_length_does_not_count_as_a_day() -> None:
    assert compliance_of(Program.IOP, session(1, 0)).days == 0


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12 * 60), st.integers(5, 11 * 60)), max_size=12),
    st.sampled_from(Program),
)
def test_hours_and_days_equal_a_count_of_minutes(drawn: list[tuple[int, int, int]], program: Program) -> None:
    starts = [(day * 24 * 60 + start, length) for day, start, length in drawn]
    minutes = {minute for start, length in starts for minute in range(start, start + length)}
    midnight = instant(SUNDAY, time(), PHOENIX)
    result = weekly_compliance(
        SHIPPED_RULE_SETS.of(program, None),
        SUNDAY,
        PHOENIX,
        [
            (midnight + timedelta(minutes=start), midnight + timedelta(minutes=start + length))
            for start, length in starts
        ],
    )
    assert result.days == len({minute // (24 * 60) for minute in minutes})
    assert result.requirements[0].met == (len(minutes) >= (9 if program is Program.IOP else 20) * 60)
    assert abs(result.hours - len(minutes) / 60) <= 0.01
    assert (result.status is ComplianceStatus.COMPLIANT) == all(requirement.met for requirement in result.requirements)
    assert bool(result.gaps) == (result.status is ComplianceStatus.NON_COMPLIANT)
    assert all(gap.shortfall > 0 for gap in result.gaps)


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(0, 6))
def test_a_week_starts_on_its_first_weekday_and_includes_the_day(day: date, first_weekday: int) -> None:
    start = week_start(day, first_weekday)
    assert start.weekday() == first_weekday
    assert start <= day < start + timedelta(days=7)


def rules(**requirements: Any) -> ComplianceRuleSet:
    source = RuleSource("Contract", "Appendix B", None, confirmed=True)
    return ComplianceRuleSet("ours", "Ours", Program.IOP, "Us", source, **requirements)


def test_a_rule_set_requires_only_what_it_says() -> None:
    result = weekly_compliance(rules(weekly_days=1), SUNDAY, PHOENIX, [session(1, 0.5)])
    assert [(r.code.value, r.required, r.actual) for r in result.requirements] == [("WEEKLY_DAYS", 1.0, 1.0)]
    assert (result.status, result.hours, result.gaps) == (ComplianceStatus.COMPLIANT, 0.5, ())


@pytest.mark.parametrize(("size", "met"), [(0, True), (8, True), (12, False)])
def test_a_group_that_is_too_large_is_a_gap(size: int, met: bool) -> None:
    result = weekly_compliance(rules(group_size_maximum=8), SUNDAY, PHOENIX, [], size)
    [requirement] = result.requirements
    assert (requirement.code.value, requirement.required, requirement.actual, requirement.met) == (
        "GROUP_SIZE",
        8.0,
        float(size),
        met,
    )
    assert [(gap.message, gap.shortfall, gap.date) for gap in result.gaps] == (
        [] if met else [("12 enrolled, at most 8", 4.0, None)]
    )


def test_a_session_that_is_too_short_is_a_gap_of_its_day() -> None:
    sessions = [session(1, 50 / 60), session(2, 0.75), session(2, 0.5, time(13)), session(8, 0.25), session(-1, 0.25)]
    result = weekly_compliance(rules(session_minutes=50), SUNDAY, PHOENIX, sessions)
    [requirement] = result.requirements
    assert (requirement.code.value, requirement.required, requirement.actual, requirement.met) == (
        "SESSION_MINUTES",
        50.0,
        30.0,
        False,
    )
    assert [(gap.message, gap.shortfall, gap.date) for gap in result.gaps] == [
        ("30-minute session on Tuesday, Jan 12, at least 50 minutes", 20.0, date(2027, 1, 12))
    ]
    assert weekly_compliance(rules(session_minutes=50), SUNDAY, PHOENIX, []).status is ComplianceStatus.COMPLIANT


@pytest.mark.parametrize(
    ("hours", "messages_"),
    [(8, ["Need 1 more hour/week"]), (9, []), (19, []), (19.5, ["19.5 hours/week, at most 19"])],
)
def test_weekly_hours_may_have_a_maximum(hours: float, messages_: list[str]) -> None:
    sessions = [session(1, hours / 2), session(2, hours / 2)]
    result = weekly_compliance(rules(weekly_hours=9.0, weekly_hours_maximum=19.0), SUNDAY, PHOENIX, sessions)
    assert (messages(result), result.hours) == (messages_, hours)
    [requirement] = result.requirements
    assert (requirement.required, requirement.met) == (9.0, not messages_)


def test_a_maximum_of_hours_needs_no_minimum() -> None:
    sessions = [session(day, 10) for day in (1, 2)]
    result = weekly_compliance(rules(weekly_hours_maximum=19.0), SUNDAY, PHOENIX, sessions)
    assert [(gap.message, gap.shortfall) for gap in result.gaps] == [("20 hours/week, at most 19", 1.0)]
    result = weekly_compliance(rules(weekly_hours_maximum=19.0), SUNDAY, PHOENIX, sessions[:1])
    assert [(r.required, r.actual, r.met) for r in result.requirements] == [(19.0, 10.0, True)]


def test_one_hour_and_one_minute_are_singular() -> None:
    most, least = rules(weekly_hours_maximum=0.5), rules(session_minutes=1)
    assert messages(weekly_compliance(most, SUNDAY, PHOENIX, [session(1, 1)])) == ["1 hour/week, at most 0.5"]
    assert messages(weekly_compliance(least, SUNDAY, PHOENIX, [session(1, 1 / 120)])) == [
        "0.5-minute session on Monday, Jan 11, at least 1 minute"
    ]


@given(
    st.lists(st.tuples(st.integers(-2, 30), st.integers(0, 23), st.floats(0.1, 30)), max_size=12),
    st.integers(1, 4),
    st.sampled_from([PHOENIX, NEW_YORK]),
)
def test_weeks_have_the_hours_of_all_sessions(drawn: list[tuple[int, int, float]], count: int, zone: str) -> None:
    first = date(2026, 10, 18)  # the clocks in New York change in the third week
    sessions = [session(day, length, time(hour), first, zone) for day, hour, length in drawn]
    default = SHIPPED_RULE_SETS.of(Program.IOP, None)
    for number, in_week in enumerate(sessions_by_week(sessions, first, count, zone)):
        week = first + timedelta(weeks=number)
        assert weekly_compliance(default, week, zone, in_week) == weekly_compliance(default, week, zone, sessions)

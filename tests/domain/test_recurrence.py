"""Recurrence rules: which are valid, and which days they select."""

from collections.abc import Sequence
from datetime import date, time, timedelta

import pytest

from domain.recurrence import Recurrence, first_dates, occurrence_dates
from domain.recurrence_input import RecurrenceDraft, parse_recurrence

START = date(2026, 1, 5)  # a Monday
NINE = time(9)
PHOENIX = "America/Phoenix"
LAST_DAY = date(2100, 12, 31)
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def recurring(rule: str, start: date = START, excluded: Sequence[date] = ()) -> Recurrence:
    return parse_recurrence(RecurrenceDraft(rule, start, NINE, tuple(excluded)), PHOENIX)


def days(rule: str, first: date, last: date, start: date = START, excluded: Sequence[date] = ()) -> list[date]:
    return list(occurrence_dates(recurring(rule, start, excluded), first, last))


# Days


def test_a_window_includes_both_ends() -> None:
    assert days("FREQ=DAILY", date(2026, 2, 1), date(2026, 2, 3)) == [date(2026, 2, day) for day in (1, 2, 3)]


def test_no_day_is_before_the_start() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO,FR", date(2000, 1, 1), date(2026, 1, 12)) == [
        START,
        date(2026, 1, 9),
        date(2026, 1, 12),
    ]


def test_until_is_inclusive() -> None:
    assert days("FREQ=DAILY;UNTIL=20260107", START, LAST_DAY)[-1] == date(2026, 1, 7)


def test_excluded_dates_are_left_out_but_count() -> None:
    assert days("FREQ=DAILY;COUNT=3", START, LAST_DAY, excluded=[date(2026, 1, 6)]) == [START, date(2026, 1, 7)]


def test_count_starts_at_the_start_date_not_at_the_window() -> None:
    assert days("FREQ=DAILY;COUNT=10", date(2026, 1, 13), LAST_DAY) == [date(2026, 1, 13), date(2026, 1, 14)]


def test_a_window_that_ends_before_it_begins_is_empty() -> None:
    assert days("FREQ=DAILY", date(2026, 2, 2), date(2026, 2, 1)) == []


def test_no_day_is_after_the_last_year() -> None:
    assert days("FREQ=WEEKLY;INTERVAL=1", date(2100, 12, 27), date(9999, 12, 31)) == [date(2100, 12, 27)]
    assert days("FREQ=WEEKLY;BYDAY=FR,SA;BYSETPOS=-1", date(2100, 12, 30), date(9999, 12, 31)) == []


def test_a_plain_weekday_adds_to_one_with_an_ordinal() -> None:
    selected = days("FREQ=MONTHLY;BYDAY=MO,2TU", date(2026, 2, 1), date(2026, 2, 28))
    assert [day.day for day in selected] == [2, 9, 10, 16, 23]


def test_set_positions_of_the_first_week_count_from_its_beginning() -> None:
    wednesday = date(2026, 1, 7)
    selected = days("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", wednesday, date(2026, 1, 20), start=wednesday)
    assert selected == [date(2026, 1, 12), date(2026, 1, 19)]


def test_a_week_across_the_new_year_is_one_week() -> None:
    selected = days("FREQ=WEEKLY;BYDAY=WE,FR;BYSETPOS=-1", date(2026, 12, 28), date(2027, 1, 3))
    assert selected == [date(2027, 1, 1)]
    every_other = days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,FR", date(2027, 1, 1), date(2027, 1, 10), date(2026, 12, 29))
    assert every_other == [date(2027, 1, 1)]


def test_the_first_weekday_decides_which_week_a_day_is_in() -> None:
    # The example of RFC 5545, section 3.3.10.
    def selected(week_start: str) -> list[int]:
        rule = f"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={week_start}"
        return [day.day for day in days(rule, date(2026, 1, 1), LAST_DAY, start=date(2026, 8, 4))]

    assert selected("MO") == [4, 9, 18, 23]
    assert selected("SU") == [4, 16, 18, 30]


def test_week_one_includes_days_of_the_year_before() -> None:
    selected = days("FREQ=YEARLY;BYWEEKNO=1", date(2029, 12, 1), date(2030, 12, 1))
    assert selected == [date(2029, 12, 31) + timedelta(days=number) for number in range(7)]


@pytest.mark.parametrize("year", range(2000, 2060, 7))
def test_week_numbers_are_those_of_iso_8601(year: int) -> None:
    selected = days("FREQ=YEARLY;BYWEEKNO=1,20,52,53", date(year, 1, 1), date(year, 12, 31), date(2000, 1, 1))
    every_day = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    assert selected == [day for day in every_day if day.year == year and day.isocalendar().week in (1, 20, 52, 53)]


@pytest.mark.parametrize("position", [1, -1])
def test_a_daily_rule_has_one_day_to_select_by_position(position: int) -> None:
    rule = f"FREQ=DAILY;BYDAY=MO;BYSETPOS={position}"
    assert days(rule, START, date(2026, 1, 12)) == [START, date(2026, 1, 12)]


EMPTY_RULES = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
    "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
    "FREQ=YEARLY;BYYEARDAY=200;BYMONTH=1",
    "FREQ=YEARLY;BYWEEKNO=30;BYMONTH=1",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=MONTHLY;BYDAY=1MO,-53MO",
    "FREQ=YEARLY;BYMONTH=12;BYDAY=53SU",
    "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
    "FREQ=DAILY;BYDAY=MO;BYSETPOS=1,-2",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-3",
    "FREQ=WEEKLY;BYMONTH=5;BYSETPOS=8",
    "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=20",
    "FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,3;BYSETPOS=2",
    "FREQ=YEARLY;BYWEEKNO=1;BYSETPOS=10",
]


@pytest.mark.parametrize("rule", EMPTY_RULES)
def test_an_empty_part_of_a_stored_rule_selects_no_day(rule: str) -> None:
    stored = Recurrence(rule, date(2000, 1, 1), NINE)
    only_empty = Recurrence(rule.replace("1MO,-53MO", "-53MO").replace("1,-2", "-2"), date(2000, 1, 1), NINE)
    assert len(list(occurrence_dates(stored, date(2000, 1, 1), LAST_DAY))) < 36_890
    assert list(occurrence_dates(only_empty, date(2000, 1, 1), LAST_DAY)) == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYMONTH=2;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=YEARLY;BYDAY=53MO",
        "FREQ=YEARLY;BYYEARDAY=366",
        "FREQ=YEARLY;BYWEEKNO=53",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=1,-1",
        "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2;BYDAY=SU",
    ],
)
def test_a_part_that_selects_a_day_in_some_years_is_valid(rule: str) -> None:
    assert days(rule, date(2000, 1, 1), LAST_DAY, date(2000, 1, 1))


def test_a_rare_date_is_searched_for_ten_years() -> None:
    leap_monday = recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")
    assert first_dates(leap_monday, START, 5) == []
    assert first_dates(leap_monday, date(2040, 1, 1), 5) == [date(2044, 2, 29)]


def test_a_long_count_ends_on_the_right_day() -> None:
    selected = days("FREQ=DAILY;COUNT=10000", START, LAST_DAY)
    assert (len(selected), selected[-1]) == (10_000, START + timedelta(days=9_999))


def test_the_first_dates_include_the_day_itself() -> None:
    weekly = recurring("FREQ=WEEKLY", excluded=[date(2026, 1, 19)])
    assert first_dates(weekly, date(2026, 1, 12), 2) == [date(2026, 1, 12), date(2026, 1, 26)]
    assert first_dates(weekly, date(2000, 1, 1), 1) == [START]
    assert first_dates(weekly, date(2100, 12, 31), 3) == []
    assert first_dates(weekly, date.max, 3) == []
    assert first_dates(weekly, START, 0) == []

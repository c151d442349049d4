from collections.abc import Sequence
from datetime import UTC, date, time, timedelta

import pytest

from domain.recurrence import Recurrence, first_dates, occurrence_dates, parse_recurrence
from domain.refusal import Fault, FaultCode, Refusal

START = date(2026, 1, 5)  # a Monday
NINE = time(9)
LAST_DAY = date(2100, 12, 31)
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def recurring(rule: str, start: date = START, excluded: Sequence[date] = ()) -> Recurrence:
    return parse_recurrence(rule, start, NINE, excluded)


def days(rule: str, first: date, last: date, start: date = START, excluded: Sequence[date] = ()) -> list[date]:
    return list(occurrence_dates(recurring(rule, start, excluded), first, last))


def faults(
    rule: str = "FREQ=DAILY", start: date = START, start_time: time = NINE, excluded: Sequence[date] = ()
) -> tuple[Fault, ...]:
    with pytest.raises(Refusal) as refusal:
        parse_recurrence(rule, start, start_time, excluded)
    return refusal.value.faults


# What is taken and how it is kept


@pytest.mark.parametrize(
    "typed", ["RRULE:FREQ=WEEKLY;BYDAY=MO", "rrule:freq=weekly;byday=mo", " FREQ=WEEKLY;BYDAY=MO "]
)
def test_a_rule_is_kept_upper_case_without_prefix(typed: str) -> None:
    assert recurring(typed).rule == "FREQ=WEEKLY;BYDAY=MO"


def test_excluded_dates_are_kept_once_and_in_order() -> None:
    later = START + timedelta(days=1)
    assert recurring("FREQ=DAILY", excluded=[later, START, later]).excluded_dates == (START, later)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "is empty"),
        ("RRULE:", "is empty"),
        ("FREQ=DAILY;", '"" is no rule part'),
        ("FREQ=DAILY;WEEKLY", '"WEEKLY" is no rule part'),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=HOURLY", "Write DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=", "Write DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1001", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=-1", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=10001", "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=" + "9" * 400, "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=1.5", "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231", "Keep one of them"),
        ("FREQ=DAILY;UNTIL=20261231T235959Z", "write UNTIL=20261231."),
        ("FREQ=DAILY;UNTIL=20261231T235959", "write UNTIL=20261231."),
        ("FREQ=DAILY;UNTIL=20260231", "Write a date such as"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "Write a date such as"),
        ("FREQ=DAILY;UNTIL=21010101", "years 2000 to 2100"),
        ("FREQ=DAILY;UNTIL=20260104", "before it starts, on 2026-01-05"),
        ("FREQ=WEEKLY;BYDAY=XX", "Write days as MO"),
        ("FREQ=WEEKLY;BYDAY=", "Write days as MO"),
        ("FREQ=MONTHLY;BYDAY=0MO", "Write days as MO"),
        ("FREQ=MONTHLY;BYDAY=54MO", "Write days as MO"),
        ("FREQ=WEEKLY;BYDAY=2TU", "only with FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=DAILY;BYDAY=-1TU", "only with FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=2TU", "beside BYWEEKNO"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "from 1 to 31, or -31 to -1"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "from 1 to 12"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY goes only with FREQ=YEARLY"),
        ("FREQ=YEARLY;BYYEARDAY=367", "from 1 to 366"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO goes only with FREQ=YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=54", "from 1 to 53"),
        ("FREQ=MONTHLY;BYSETPOS=1", "picks from the days of another part"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "from 1 to 366"),
        ("FREQ=WEEKLY;WKST=1", "Write one day"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ is given twice"),
        ("FREQ=DAILY;BYHOUR=9", "the recurrence's start time"),
        ("FREQ=DAILY;BYMINUTE=9", "the recurrence's start time"),
        ("FREQ=DAILY;BYSECOND=9", "the recurrence's start time"),
        ("FREQ=DAILY;DTSTART=20260101", "start date and start time"),
        ("FREQ=DAILY;RDATE=20260101", "single sessions"),
        ("FREQ=DAILY;EXDATE=20260101", "excluded dates"),
        ("FREQ=WEEKLY;BYWEEKDAY=MO", "Write BYDAY"),
        ("FREQ=DAILY;BYEASTER=1", "The parts are FREQ, INTERVAL"),
        ("FREQ=DAILY;X" + "Y" * 100 + "=1", "YYY…"),
        ("FREQ=DAILY; COUNT=3", "no spaces"),
        ("FREQ=DAILY\nDTSTART:20260101", "one line"),
        ("FREQ=DAILY\n", "one line"),
        ("FREQ=DAILY;COUNT=\u0663", "plain letters"),
        ("FREQ=WEEKLY;BYDAY=\u017fU", "plain letters"),
        ("FREQ=MONTHLY;BYMONTHDAY=" + "1," * 300 + "1", "too long"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_words_that_help(rule: str, words: str) -> None:
    [fault] = faults(rule)
    assert fault.code is FaultCode.INVALID_RECURRENCE_RULE
    assert fault.field == ("input", "recurrence", "rule")
    assert words in fault.message


def test_all_faults_come_at_once() -> None:
    found = faults("FREQ=HOURLY;COUNT=0", date(1999, 12, 31), time(9, 0, 30), [date(2101, 1, 1)])
    assert [(fault.code.value, fault.field and fault.field[-1]) for fault in found] == [
        ("INVALID_RECURRENCE_RULE", "rule"),
        ("INVALID_RECURRENCE_RULE", "rule"),
        ("OUT_OF_RANGE", "startDate"),
        ("INVALID", "startTime"),
        ("OUT_OF_RANGE", "excludedDates"),
    ]


@pytest.mark.parametrize("start_time", [time(9, 0, 1), time(9, 0, 0, 1), time(9, tzinfo=UTC)])
def test_the_start_time_is_local_and_in_whole_minutes(start_time: time) -> None:
    [fault] = faults(start_time=start_time)
    assert (fault.code, fault.field) == (FaultCode.INVALID, ("input", "recurrence", "startTime"))


def test_there_may_be_a_thousand_excluded_dates_and_no_more() -> None:
    many = [START + timedelta(days=number) for number in range(1001)]
    assert len(recurring("FREQ=DAILY", excluded=many[:1000]).excluded_dates) == 1000
    [fault] = faults(excluded=many)
    assert (fault.code, fault.field) == (FaultCode.INVALID, ("input", "recurrence", "excludedDates"))


def test_faults_name_the_field_that_the_recurrence_is_in() -> None:
    with pytest.raises(Refusal) as refusal:
        parse_recurrence("", START, NINE, (), field=("recurrence",))
    assert refusal.value.faults[0].field == ("recurrence", "rule")


# Which days there are


def test_the_window_holds_both_its_ends() -> None:
    assert days("FREQ=DAILY", date(2026, 2, 1), date(2026, 2, 3)) == [date(2026, 2, day) for day in (1, 2, 3)]


def test_no_day_is_before_the_start() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO,FR", date(2000, 1, 1), date(2026, 1, 12)) == [
        START,
        date(2026, 1, 9),
        date(2026, 1, 12),
    ]


def test_until_is_inclusive() -> None:
    assert days("FREQ=DAILY;UNTIL=20260107", START, LAST_DAY)[-1] == date(2026, 1, 7)


def test_excluded_dates_are_left_out_and_count() -> None:
    assert days("FREQ=DAILY;COUNT=3", START, LAST_DAY, excluded=[date(2026, 1, 6)]) == [START, date(2026, 1, 7)]


def test_count_is_counted_from_the_start_not_from_the_window() -> None:
    assert days("FREQ=DAILY;COUNT=10", date(2026, 1, 13), LAST_DAY) == [date(2026, 1, 13), date(2026, 1, 14)]


def test_a_window_that_ends_before_it_begins_is_empty() -> None:
    assert days("FREQ=DAILY", date(2026, 2, 2), date(2026, 2, 1)) == []


def test_nothing_is_after_the_last_year() -> None:
    assert days("FREQ=WEEKLY;INTERVAL=1", date(2100, 12, 27), date(9999, 12, 31)) == [date(2100, 12, 27)]
    assert days("FREQ=WEEKLY;BYDAY=FR,SA;BYSETPOS=-1", date(2100, 12, 30), date(9999, 12, 31)) == []


def test_a_plain_day_beside_an_ordinal_one_adds_to_it() -> None:
    found = days("FREQ=MONTHLY;BYDAY=MO,2TU", date(2026, 2, 1), date(2026, 2, 28))
    assert [day.day for day in found] == [2, 9, 10, 16, 23]


def test_set_positions_of_the_first_week_count_from_the_week_not_from_the_start() -> None:
    wednesday = date(2026, 1, 7)
    found = days("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", wednesday, date(2026, 1, 20), start=wednesday)
    assert found == [date(2026, 1, 12), date(2026, 1, 19)]


def test_a_week_across_the_new_year_is_one_week() -> None:
    found = days("FREQ=WEEKLY;BYDAY=WE,FR;BYSETPOS=-1", date(2026, 12, 28), date(2027, 1, 3))
    assert found == [date(2027, 1, 1)]
    every_other = days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,FR", date(2027, 1, 1), date(2027, 1, 10), date(2026, 12, 29))
    assert every_other == [date(2027, 1, 1)]


def test_the_first_weekday_decides_which_week_a_day_is_in() -> None:
    # The example of RFC 5545, section 3.3.10.
    def found(week_start: str) -> list[int]:
        rule = f"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={week_start}"
        return [day.day for day in days(rule, date(2026, 1, 1), LAST_DAY, start=date(2026, 8, 4))]

    assert found("MO") == [4, 9, 18, 23]
    assert found("SU") == [4, 16, 18, 30]


def test_week_one_holds_days_of_the_year_before() -> None:
    found = days("FREQ=YEARLY;BYWEEKNO=1", date(2029, 12, 1), date(2030, 12, 1))
    assert found == [date(2029, 12, 31) + timedelta(days=number) for number in range(7)]


@pytest.mark.parametrize("year", range(2000, 2060, 7))
def test_week_numbers_are_those_of_iso_8601(year: int) -> None:
    found = days("FREQ=YEARLY;BYWEEKNO=1,20,52,53", date(year, 1, 1), date(year, 12, 31), date(2000, 1, 1))
    every_day = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    assert found == [day for day in every_day if day.year == year and day.isocalendar().week in (1, 20, 52, 53)]


@pytest.mark.parametrize("position", [1, -1])
def test_a_day_is_the_first_and_the_last_of_itself(position: int) -> None:
    rule = f"FREQ=DAILY;BYDAY=MO;BYSETPOS={position}"
    assert days(rule, START, date(2026, 1, 12)) == [START, date(2026, 1, 12)]


NEVER = "No day is ever all that the rule asks for"
POINTLESS = [
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", NEVER),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000", NEVER),
    ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", NEVER),
    ("FREQ=YEARLY;BYYEARDAY=200;BYMONTH=1", NEVER),
    ("FREQ=YEARLY;BYWEEKNO=30;BYMONTH=1", NEVER),
    ("FREQ=MONTHLY;BYDAY=6MO", 'BYDAY cannot hold "6MO" here: a month has at most 5 Mondays'),
    ("FREQ=MONTHLY;BYDAY=1MO,-53MO", 'BYDAY cannot hold "-53MO" here: a month has at most 5 Mondays'),
    ("FREQ=YEARLY;BYMONTH=12;BYDAY=53SU", 'BYDAY cannot hold "53SU" here: a month has at most 5 Sundays'),
    ("FREQ=DAILY;BYDAY=MO;BYSETPOS=2", "BYSETPOS cannot hold 2 here: a day has at most 1 day"),
    ("FREQ=DAILY;BYDAY=MO;BYSETPOS=1,-2", "BYSETPOS cannot hold -2 here: a day has at most 1 day"),
    ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "BYSETPOS cannot hold 2 here: a week has at most 1 day"),
    ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-3", "Write numbers from 1 to 2, or -2 to -1"),
    ("FREQ=WEEKLY;BYMONTH=5;BYSETPOS=8", "BYSETPOS cannot hold 8 here: a week has at most 1 day"),
    ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=20", "BYSETPOS cannot hold 20 here: a month has at most 10 days"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,3;BYSETPOS=2", "BYSETPOS cannot hold 2 here: a month has at most 1 day"),
    # Some years hold days of their own week 1 and of the next year's.
    ("FREQ=YEARLY;BYWEEKNO=1;BYSETPOS=10", "BYSETPOS cannot hold 10 here: a year has at most 9 days"),
]


@pytest.mark.parametrize(("rule", "words"), POINTLESS, ids=lambda value: value if "FREQ" in value else "")
def test_a_part_that_can_select_no_day_is_refused(rule: str, words: str) -> None:
    [fault] = faults(rule, date(2026, 1, 1))
    assert fault.code is FaultCode.INVALID_RECURRENCE_RULE
    assert fault.field == ("input", "recurrence", "rule")
    assert words in fault.message


@pytest.mark.parametrize("rule", [rule for rule, _ in POINTLESS])
def test_such_a_part_of_a_rule_that_is_stored_already_selects_none(rule: str) -> None:
    stored = Recurrence(rule, date(2000, 1, 1), NINE)
    lenient = Recurrence(rule.replace("1MO,-53MO", "-53MO").replace("1,-2", "-2"), date(2000, 1, 1), NINE)
    assert len(list(occurrence_dates(stored, date(2000, 1, 1), LAST_DAY))) < 36_890
    assert list(occurrence_dates(lenient, date(2000, 1, 1), LAST_DAY)) == []


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
def test_a_part_that_selects_a_day_in_some_years_is_taken(rule: str) -> None:
    assert days(rule, date(2000, 1, 1), LAST_DAY, date(2000, 1, 1))


def test_a_rule_that_matches_once_in_an_age_is_searched_for_ten_years() -> None:
    leap_monday = recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")
    assert first_dates(leap_monday, START, 5) == []
    assert first_dates(leap_monday, date(2040, 1, 1), 5) == [date(2044, 2, 29)]


def test_a_long_count_is_walked_to_its_end() -> None:
    found = days("FREQ=DAILY;COUNT=10000", START, LAST_DAY)
    assert (len(found), found[-1]) == (10_000, START + timedelta(days=9_999))


def test_the_next_dates_begin_with_the_day_asked_for() -> None:
    weekly = recurring("FREQ=WEEKLY", excluded=[date(2026, 1, 19)])
    assert first_dates(weekly, date(2026, 1, 12), 2) == [date(2026, 1, 12), date(2026, 1, 26)]
    assert first_dates(weekly, date(2000, 1, 1), 1) == [START]
    assert first_dates(weekly, date(2100, 12, 31), 3) == []
    assert first_dates(weekly, date.max, 3) == []
    assert first_dates(weekly, START, 0) == []

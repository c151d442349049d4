"""The input for a recurrence: which rules, dates and times are refused, and in which words."""

from collections.abc import Sequence
from datetime import UTC, date, time, timedelta

import pytest

from domain.recurrence import Recurrence
from domain.recurrence_input import RecurrenceDraft, parse_recurrence
from domain.refusal import Fault, FaultCode, Refusal

START = date(2026, 1, 5)  # a Monday
NINE = time(9)
PHOENIX = "America/Phoenix"


def recurring(rule: str, excluded: Sequence[date] = ()) -> Recurrence:
    return parse_recurrence(RecurrenceDraft(rule, START, NINE, tuple(excluded)), PHOENIX)


def faults(
    rule: str = "FREQ=DAILY", start: date = START, start_time: time = NINE, excluded: Sequence[date] = ()
) -> tuple[Fault, ...]:
    with pytest.raises(Refusal) as refusal:
        parse_recurrence(RecurrenceDraft(rule, start, start_time, tuple(excluded)), PHOENIX)
    return refusal.value.faults


@pytest.mark.parametrize("text", ["RRULE:FREQ=WEEKLY;BYDAY=MO", "rrule:freq=weekly;byday=mo", " FREQ=WEEKLY;BYDAY=MO "])
def test_a_rule_is_stored_in_upper_case_without_prefix(text: str) -> None:
    assert recurring(text).rule == "FREQ=WEEKLY;BYDAY=MO"


def test_excluded_dates_are_unique_and_in_order() -> None:
    later = START + timedelta(days=1)
    assert recurring("FREQ=DAILY", excluded=[later, START, later]).excluded_dates == (START, later)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "is empty"),
        ("RRULE:", "is empty"),
        ("FREQ=DAILY;;COUNT=3", "must be NAME=VALUE"),
        ("FREQ=DAILY;WEEKLY", "must be NAME=VALUE"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=HOURLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1001", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=-1", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=10001", "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=" + "9" * 400, "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=1.5", "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231", "Remove one of them"),
        ("FREQ=DAILY;UNTIL=20260231", "UNTIL must be the last day, such as UNTIL=20261231, or"),
        ("FREQ=DAILY;UNTIL=20260228T240000", "UNTIL must be the last day, such as UNTIL=20261231, or"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "UNTIL must be the last day, such as UNTIL=20261231, or"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "between 2000-01-01 and 2100-12-31"),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", "between 2000-01-01 and 2100-12-31"),
        ("FREQ=DAILY;UNTIL=20260105T155959Z", "In the group's time zone, its last day is 2026-01-04."),
        ("FREQ=DAILY;UNTIL=21010101", "between 2000-01-01 and 2100-12-31"),
        ("FREQ=DAILY;UNTIL=20260104", "UNTIL must not be before the start date."),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY must contain MO, TU"),
        ("FREQ=WEEKLY;BYDAY=", "BYDAY must contain MO, TU"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY must contain MO, TU"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY must contain MO, TU"),
        ("FREQ=WEEKLY;BYDAY=2TU", "only with FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=DAILY;BYDAY=-1TU", "only with FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=2TU", "together with BYWEEKNO"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "cannot be combined with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "from 1 to 31, or -31 to -1"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "from 1 to 12"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY requires FREQ=YEARLY"),
        ("FREQ=YEARLY;BYYEARDAY=367", "from 1 to 366"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO requires FREQ=YEARLY"),
        ("FREQ=YEARLY;BYWEEKNO=54", "from 1 to 53"),
        ("FREQ=MONTHLY;BYSETPOS=1", "requires another BY part"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "from 1 to 366"),
        ("FREQ=WEEKLY;WKST=1", "WKST must be one day"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ occurs twice"),
        ("FREQ=DAILY;BYHOUR=9", "the recurrence's start time"),
        ("FREQ=DAILY;BYMINUTE=9", "the recurrence's start time"),
        ("FREQ=DAILY;BYSECOND=9", "the recurrence's start time"),
        ("FREQ=DAILY;DTSTART=20260101", "write it in a line of its own"),
        ("FREQ=DAILY;RDATE=20260101", "Schedule additional sessions"),
        ("FREQ=DAILY;EXDATE=20260101", "Use the excluded dates"),
        ("FREQ=WEEKLY;BYWEEKDAY=MO", "Write BYDAY"),
        ("FREQ=DAILY;BYEASTER=1", "The rule parts are FREQ, INTERVAL"),
        ("FREQ=DAILY;X" + "Y" * 100 + "=1", "The rule has an unknown part."),
        ("FREQ=DAILY; COUNT=3", "must not contain spaces"),
        ("FREQ=DAILY\x0bCOUNT=3", "one line"),
        ("FREQ=DAILY;COUNT=\u0663", "plain ASCII text"),
        ("FREQ=WEEKLY;BYDAY=\u017fU", "plain ASCII text"),
        ("FREQ=MONTHLY;BYMONTHDAY=" + "1," * 300 + "1", "at most 500 characters"),
    ],
)
def test_an_invalid_rule_is_refused_with_a_helpful_message(rule: str, message: str) -> None:
    [fault] = faults(rule)
    assert fault.code is FaultCode.INVALID_RECURRENCE_RULE
    assert fault.field == ("input", "recurrence", "rule")
    assert message in fault.message


def test_all_faults_are_reported_together() -> None:
    all_faults = faults("FREQ=HOURLY;COUNT=0", date(1999, 12, 31), time(9, 0, 30), [date(2101, 1, 1)])
    assert [(fault.code.value, fault.field and fault.field[-1]) for fault in all_faults] == [
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


def test_a_recurrence_has_at_most_a_thousand_excluded_dates() -> None:
    many = [START + timedelta(days=number) for number in range(1001)]
    assert len(recurring("FREQ=DAILY", excluded=many[:1000]).excluded_dates) == 1000
    [fault] = faults(excluded=many)
    assert (fault.code, fault.field) == (FaultCode.INVALID, ("input", "recurrence", "excludedDates"))


def test_faults_name_the_field_of_the_recurrence() -> None:
    with pytest.raises(Refusal) as refusal:
        parse_recurrence(RecurrenceDraft("", START, NINE, ()), PHOENIX, field=("recurrence",))
    assert refusal.value.faults[0].field == ("recurrence", "rule")


NO_DAY = "No day matches all parts of the rule"
EMPTY_PARTS = [
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", NO_DAY),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000", NO_DAY),
    ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", NO_DAY),
    ("FREQ=YEARLY;BYYEARDAY=200;BYMONTH=1", NO_DAY),
    ("FREQ=YEARLY;BYWEEKNO=30;BYMONTH=1", NO_DAY),
    ("FREQ=MONTHLY;BYDAY=6MO", "A number in BYDAY is out of range: a month has at most 5 Mondays"),
    ("FREQ=MONTHLY;BYDAY=1MO,-53MO", "A number in BYDAY is out of range: a month has at most 5 Mondays"),
    ("FREQ=YEARLY;BYMONTH=12;BYDAY=53SU", "A number in BYDAY is out of range: a month has at most 5 Sundays"),
    (
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
        "A position in BYSETPOS is out of range: the other parts select at most 1 day in a day",
    ),
    (
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=1,-2",
        "A position in BYSETPOS is out of range: the other parts select at most 1 day in a day",
    ),
    (
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "A position in BYSETPOS is out of range: the other parts select at most 1 day in a week",
    ),
    ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-3", "Write numbers from 1 to 2, or -2 to -1"),
    (
        "FREQ=WEEKLY;BYMONTH=5;BYSETPOS=8",
        "A position in BYSETPOS is out of range: the other parts select at most 1 day in a week",
    ),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=20",
        "A position in BYSETPOS is out of range: the other parts select at most 10 days in a month",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,3;BYSETPOS=2",
        "A position in BYSETPOS is out of range: the other parts select at most 1 day in a month",
    ),
    # Some years have days of their own week 1 and of the next year's.
    (
        "FREQ=YEARLY;BYWEEKNO=1;BYSETPOS=10",
        "A position in BYSETPOS is out of range: the other parts select at most 9 days in a year",
    ),
]


@pytest.mark.parametrize(("rule", "message"), EMPTY_PARTS, ids=lambda value: value if "FREQ" in value else "")
def test_a_part_that_never_selects_a_day_is_refused(rule: str, message: str) -> None:
    [fault] = faults(rule, date(2026, 1, 1))
    assert fault.code is FaultCode.INVALID_RECURRENCE_RULE
    assert fault.field == ("input", "recurrence", "rule")
    assert message in fault.message


def test_a_mistake_that_occurs_often_is_reported_once() -> None:
    assert len(faults("FREQ=DAILY;" + "X=1;Y;" * 80)) == 2


def test_an_until_before_the_first_day_is_explained_in_the_time_zone_of_the_group() -> None:
    [fault] = faults("FREQ=WEEKLY;BYDAY=TU;UNTIL=20260106T155959Z")
    assert fault.message.endswith("In the group's time zone, its last day is 2026-01-05.")
    [fault] = faults("FREQ=WEEKLY;BYDAY=TU;UNTIL=20260105")
    assert fault.message.endswith("through UNTIL. Write a later UNTIL, or remove it.")

"""The summary of a recurrence in words."""

from datetime import date, time

import pytest

from domain.recurrence_input import RecurrenceDraft, parse_recurrence
from domain.recurrence_summary import summarize

START = date(2026, 11, 23)  # a Monday


def summary_of(rule: str, start_time: time = time(9), excluded: tuple[date, ...] = ()) -> str:
    return summarize(parse_recurrence(RecurrenceDraft(rule, START, start_time, excluded), "America/Phoenix"))


@pytest.mark.parametrize(
    ("rule", "summary"),
    [
        ("FREQ=DAILY", "Daily"),
        ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
        ("FREQ=DAILY;BYDAY=MO,FR;BYMONTH=3", "Daily on Monday and Friday in March"),
        ("FREQ=DAILY;BYMONTH=1,2", "Daily in January and February"),
        ("FREQ=DAILY;BYMONTHDAY=1,15", "Daily on days 1 and 15"),
        ("FREQ=WEEKLY", "Weekly on Monday"),
        ("FREQ=WEEKLY;BYDAY=FR,MO,WE", "Weekly on Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "Every 2 weeks on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=TU;WKST=SU", "Weekly on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=TU;BYMONTH=6", "Weekly on Tuesday in June"),
        ("FREQ=MONTHLY", "Monthly on day 23"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "Monthly on day 15"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1,-2", "Monthly on day 15, the second to last day and the last day"),
        ("FREQ=MONTHLY;BYDAY=2TU,-1FR", "Monthly on the second Tuesday and the last Friday"),
        ("FREQ=MONTHLY;BYDAY=MO", "Monthly on every Monday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "Monthly on every Friday that falls on day 13"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1;BYMONTH=2,8", "Every 3 months on day 1 in February and August"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Monthly on the last weekday (Monday to Friday)"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1",
            "Monthly on the first and last day among every Monday and every Tuesday",
        ),
        ("FREQ=YEARLY", "Yearly on November 23"),
        ("FREQ=YEARLY;BYMONTH=3,6", "Yearly on March 23 and June 23"),
        ("FREQ=YEARLY;BYMONTH=1,2,3,4,5;BYMONTHDAY=2", "Yearly on day 2 of January, February, March, April and May"),
        ("FREQ=YEARLY;BYMONTHDAY=15", "Yearly on day 15 of every month"),
        ("FREQ=YEARLY;BYDAY=-1MO", "Yearly on the last Monday of the year"),
        ("FREQ=YEARLY;BYDAY=21MO", "Yearly on the 21st Monday of the year"),
        ("FREQ=YEARLY;BYDAY=4TH;BYMONTH=11", "Yearly on the fourth Thursday of November"),
        ("FREQ=YEARLY;BYDAY=MO", "Yearly on every Monday"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "Yearly on day 100 and the last day of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "Yearly on every Monday in week 20 of the year"),
        ("FREQ=YEARLY;BYWEEKNO=1,-1", "Yearly on every day in week 1 and the last week of the year"),
        ("FREQ=YEARLY;BYMONTH=6;BYSETPOS=2;BYDAY=MO", "Yearly on the second day among every Monday of June"),
    ],
)
def test_a_rule_is_summarized_in_words(rule: str, summary: str) -> None:
    assert summary_of(rule) == f"{summary} at 9:00 AM"


@pytest.mark.parametrize(
    ("at", "clock"),
    [(time(0), "12:00 AM"), (time(9, 5), "9:05 AM"), (time(12), "12:00 PM"), (time(13, 30), "1:30 PM")],
)
def test_times_are_on_the_twelve_hour_clock(at: time, clock: str) -> None:
    assert summary_of("FREQ=DAILY", at) == f"Daily at {clock}"


def test_the_summary_includes_the_end() -> None:
    assert summary_of("FREQ=DAILY;UNTIL=20261231") == "Daily at 9:00 AM, until Dec 31, 2026"
    assert summary_of("FREQ=DAILY;COUNT=10") == "Daily at 9:00 AM, 10 times"
    assert summary_of("FREQ=DAILY;COUNT=1") == "Daily at 9:00 AM, 1 time"


def test_the_summary_includes_the_week_start_if_it_matters() -> None:
    assert (
        summary_of("FREQ=WEEKLY;INTERVAL=2;WKST=SU") == "Every 2 weeks on Monday at 9:00 AM, weeks starting on Sunday"
    )


def test_excluded_dates_are_counted() -> None:
    assert summary_of("FREQ=DAILY", excluded=(START,)) == "Daily at 9:00 AM, except 1 date"
    both = (START, date(2026, 12, 24))
    assert (
        summary_of("FREQ=DAILY;UNTIL=20261231", excluded=both) == "Daily at 9:00 AM, until Dec 31, 2026, except 2 dates"
    )


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=DAILY;COUNT=9", "FREQ=DAILY;UNTIL=20261223"])
def test_excluded_dates_that_are_not_of_the_rule_do_not_count(rule: str) -> None:
    days = (date(2020, 11, 23), date(2026, 11, 22), date(2026, 12, 24), date(2100, 12, 30))
    assert "except" not in summary_of(rule, excluded=days)
    assert summary_of(rule, excluded=(*days, START)).endswith(", except 1 date")

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
        ("FREQ=DAILY;BYDAY=MO,FR;BYMONTH=3", "Weekly on Monday and Friday in March"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every weekday (Monday to Friday)"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", "Every 2 days, only on weekdays (Monday to Friday)"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,FR;BYMONTH=3", "Every 2 days, only on Monday and Friday in March"),
        ("FREQ=DAILY;BYMONTH=1,2", "Daily in January and February"),
        ("FREQ=DAILY;BYMONTH=6,7,8", "Daily from June to August"),
        ("FREQ=DAILY;BYMONTHDAY=1,15", "Monthly on the 1st and 15th"),
        ("FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1,15", "Every 2 days, only on the 1st and 15th"),
        ("FREQ=WEEKLY", "Weekly on Monday"),
        ("FREQ=WEEKLY;BYDAY=SU,MO,TU,WE,TH,FR,SA", "Daily"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,TU,WE,TH,FR,SA", "Every 2 weeks on all days"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday (Monday to Friday)"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;WKST=SU", "Every 2 weeks on weekdays (Monday to Friday)"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "Weekly on Saturday and Sunday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU", "Every 2 weeks on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "Weekly on Monday"),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1;BYMONTH=6",
            "Weekly on the first Monday, Wednesday or Friday of each week in June",
        ),
        ("FREQ=MONTHLY", "Monthly on the 23rd"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "Monthly on the 1st and 15th"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1,-2", "Monthly on the 15th, the second to last day and the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=MO", "Monthly on the first Monday"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", "Monthly on the second Monday"),
        ("FREQ=MONTHLY;BYDAY=2MO", "Monthly on the second Monday"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "Monthly on the first and third Monday"),
        ("FREQ=MONTHLY;BYDAY=2TU,-1FR", "Monthly on the second Tuesday and the last Friday"),
        ("FREQ=MONTHLY;BYDAY=MO,2TU", "Monthly on every Monday and the second Tuesday"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=MO", "Every 2 months on every Monday"),
        ("FREQ=MONTHLY;BYDAY=MO", "Weekly on Monday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "Monthly on Friday the 13th"),
        ("FREQ=MONTHLY;BYDAY=2FR;BYMONTHDAY=13", "Monthly on the second Friday if it falls on the 13th"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Monthly on the last weekday (Monday to Friday)"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "Monthly on the first weekend day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1", "Monthly on the last day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1,1", "Monthly on the first and last Monday or Tuesday"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "Monthly on the last of the 28th to 31st"),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=1", "Monthly on the first of the first Monday and the last Friday"),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1,2,3,8;BYSETPOS=1",
            "Monthly on the first Monday that falls on the 1st to 3rd or 8th",
        ),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1;BYMONTH=2,8", "Every 3 months on the 1st in February and August"),
        ("FREQ=YEARLY", "Yearly on November 23"),
        ("FREQ=YEARLY;BYMONTH=3,6", "Yearly on March 23 and June 23"),
        ("FREQ=YEARLY;BYMONTH=1,2,3,4,5;BYMONTHDAY=2", "Yearly on the 2nd of each month from January to May"),
        ("FREQ=YEARLY;BYMONTHDAY=15", "Monthly on the 15th"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=15", "Every 2 years on the 15th of every month"),
        ("FREQ=YEARLY;BYDAY=-1MO", "Yearly on the last Monday of the year"),
        ("FREQ=YEARLY;BYDAY=21MO", "Yearly on the 21st Monday of the year"),
        ("FREQ=YEARLY;BYDAY=4TH;BYMONTH=11", "Yearly on the fourth Thursday of November"),
        ("FREQ=YEARLY;BYDAY=TH;BYMONTH=11;BYSETPOS=4", "Yearly on the fourth Thursday of November"),
        (
            "FREQ=YEARLY;BYDAY=TH;BYMONTH=11,12;BYSETPOS=4",
            "Yearly on the fourth Thursday of November and December together",
        ),
        (
            "FREQ=YEARLY;BYDAY=TU;BYMONTH=11;BYMONTHDAY=2,3,4,5,6,7,8",
            "Yearly on every Tuesday that falls on the 2nd to 8th of November",
        ),
        ("FREQ=YEARLY;BYDAY=MO", "Weekly on Monday"),
        ("FREQ=YEARLY;INTERVAL=2;BYDAY=MO", "Every 2 years on every Monday"),
        ("FREQ=YEARLY;INTERVAL=2;BYDAY=MO;BYMONTH=6", "Every 2 years on every Monday of June"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "Yearly on the 100th day and the last day of the year"),
        ("FREQ=YEARLY;BYYEARDAY=100,200", "Yearly on the 100th and 200th day of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "Yearly on Monday in week 20 of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20,21,22;BYDAY=MO", "Yearly on Monday in weeks 20 to 22 of the year"),
        ("FREQ=YEARLY;BYWEEKNO=1,-1", "Yearly on every day in week 1 and the last week of the year"),
        ("FREQ=YEARLY;BYMONTH=6;BYSETPOS=2;BYDAY=MO", "Yearly on the second Monday of June"),
        ("FREQ=YEARLY;BYSETPOS=-1;BYDAY=MO,TU", "Yearly on the last Monday or Tuesday of the year"),
        ("FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=1MO", "Monthly on the first Monday"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "Monthly on the 31st"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Monthly on the last day"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "Yearly on February 29"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "Yearly on the last day of February"),
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
    assert summary_of("FREQ=DAILY;COUNT=1") == "Daily at 9:00 AM, once"


def test_the_summary_includes_the_week_start_if_it_matters() -> None:
    from_sunday = "Every 2 weeks on Sunday and Monday at 9:00 AM, weeks starting on Sunday"
    assert summary_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU") == from_sunday
    assert summary_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU") == "Every 2 weeks on Monday and Sunday at 9:00 AM"
    # Google writes WKST=SU with every rule. Every other Tuesday is the same in all weeks.
    assert summary_of("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU") == "Every 2 weeks on Tuesday at 9:00 AM"
    assert summary_of("FREQ=WEEKLY;BYDAY=MO,SU;WKST=SU") == "Weekly on Sunday and Monday at 9:00 AM"


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

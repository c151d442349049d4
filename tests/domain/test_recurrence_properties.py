"""The days of any rule equal those of a simple implementation of RFC 5545, and those of python-dateutil."""

import warnings
from calendar import isleap, monthrange
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice, product, takewhile

from dateutil.rrule import rrule, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.recurrence import Recurrence, occurrence_dates
from domain.recurrence_days import RuleDays, with_defaults
from domain.recurrence_rule import Frequency, InvalidRule, RuleDay, RuleParts, canonical, read_rule
from domain.recurrence_sense import empty_parts
from domain.recurrence_simplified import simplified
from domain.recurrence_summary import summarize
from tests.support.recurrence_rules import rules, rules_that_dateutil_evaluates_alike

NINE = time(9)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
DAYS = st.dates(FIRST_DAY, LAST_DAY)


def days(rule: str, first: date, last: date, start: date) -> list[date]:
    return list(occurrence_dates(Recurrence(rule, start, NINE), first, last))


# A simple implementation of RFC 5545, section 3.3.10


def simple_days(rule: str, start: date, last: date) -> Iterator[date]:
    """Check every day: the days that the BY parts select, grouped by period, at the positions, in every INTERVAL-th."""
    parts = with_defaults(read_rule(rule), start)
    every_day = (date.fromordinal(day) for day in range(start.toordinal() - 366, last.toordinal() + 367))
    candidates = (day for day in every_day if _is_selected(parts, day))
    in_periods = _in_periods(parts, start, candidates)
    in_range = (day for day in in_periods if day >= start and not (parts.until and day > parts.until))
    return takewhile(lambda day: day <= last, islice(in_range, parts.count))


def _in_periods(parts: RuleParts, start: date, candidates: Iterator[date]) -> Iterator[date]:
    first = _period(parts, start)
    for period, grouped in groupby(candidates, key=lambda day: _period(parts, day)):
        days_of_period = list(grouped)
        chosen = {days_of_period[at - (at > 0)] for at in parts.by_set_position if abs(at) <= len(days_of_period)}
        if (period - first) % parts.interval == 0:
            yield from sorted(chosen) if parts.by_set_position else days_of_period


def _period(parts: RuleParts, day: date) -> int:
    match parts.frequency:
        case Frequency.DAILY:
            return day.toordinal()
        case Frequency.WEEKLY:
            return (day.toordinal() - 1 - parts.week_start) // 7
        case Frequency.MONTHLY:
            return day.year * 12 + day.month
        case Frequency.YEARLY:
            return day.year


def _is_selected(parts: RuleParts, day: date) -> bool:
    days_of_month, days_of_year = monthrange(day.year, day.month)[1], 365 + isleap(day.year)
    year_day = day.timetuple().tm_yday
    # A week belongs to the year of its fourth day.
    fourth = day - timedelta(days=(day.weekday() - parts.week_start) % 7) + timedelta(days=3)
    week = (fourth.timetuple().tm_yday - 1) // 7 + 1
    weeks = week + (365 + isleap(fourth.year) - fourth.timetuple().tm_yday) // 7
    return (
        _matches(parts.by_month, day.month)
        and _matches(parts.by_month_day, day.day, day.day - days_of_month - 1)
        and _matches(parts.by_year_day, year_day, year_day - days_of_year - 1)
        and _matches(parts.by_week_number, week, week - weeks - 1)
        and (not parts.by_day or any(_is_weekday(parts, day, rule_day) for rule_day in parts.by_day))
    )


def _matches(part: tuple[int, ...], *numbers: int) -> bool:
    return not part or any(number in part for number in numbers)


def _is_weekday(parts: RuleParts, day: date, rule_day: RuleDay) -> bool:
    if day.weekday() != rule_day.weekday or not rule_day.ordinal:
        return day.weekday() == rule_day.weekday
    in_months = parts.frequency is Frequency.MONTHLY or parts.by_month
    length = monthrange(day.year, day.month)[1] if in_months else 365 + isleap(day.year)
    index = day.day - 1 if in_months else day.timetuple().tm_yday - 1
    return rule_day.ordinal in (index // 7 + 1, -((length - 1 - index) // 7 + 1))


@settings(max_examples=150, deadline=None)
@given(rules(), DAYS, st.integers(-30, 1200), st.integers(0, 700))
def test_days_equal_those_of_a_simple_implementation(rule: str, start: date, offset: int, length: int) -> None:
    first = date.fromordinal(start.toordinal() + offset)
    last = min(date.fromordinal(first.toordinal() + length), LAST_DAY)
    expected = [day for day in simple_days(rule, start, last) if day >= first]
    assert days(rule, first, last, start) == expected


@settings(max_examples=25, deadline=None)
@given(rules(), st.dates(FIRST_DAY, date(2010, 12, 31)))
def test_days_of_a_whole_century_equal_the_simple_ones(rule: str, start: date) -> None:
    assert days(rule, start, LAST_DAY, start) == list(simple_days(rule, start, LAST_DAY))


@settings(max_examples=150, deadline=None)
@given(
    rules_that_dateutil_evaluates_alike(),
    st.dates(date(2019, 1, 1), date(2029, 12, 31)),
    st.integers(-30, 1500),
    st.integers(0, 800),
)
def test_days_equal_those_of_dateutil(rule: str, start: date, offset: int, length: int) -> None:
    first = start + timedelta(days=offset)
    last = first + timedelta(days=length)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        anchored = rrulestr(rule, dtstart=datetime.combine(start, NINE))
        assert isinstance(anchored, rrule)
        # Without an end dateutil would not stop. COUNT still applies.
        moments = anchored.replace(until=datetime.combine(last, time.max))
    expected = [moment.date() for moment in moments if moment.date() >= first]
    assert days(rule, first, last, start) == expected


@settings(max_examples=100, deadline=None)
@given(rules(), DAYS, st.integers(0, 900))
def test_two_halves_of_a_window_equal_the_whole_window(rule: str, start: date, middle: int) -> None:
    divide = date.fromordinal(start.toordinal() + middle)
    last = date.fromordinal(start.toordinal() + 1000)
    whole = days(rule, start, last, start)
    assert days(rule, start, divide, start) + days(rule, divide + timedelta(days=1), last, start) == whole


@settings(max_examples=200, deadline=None)
@given(rules(), DAYS)
def test_the_canonical_rule_reads_as_the_same_parts(rule: str, start: date) -> None:
    parts = read_rule(rule)
    assert read_rule(canonical(parts)) == parts
    assert len(canonical(parts)) <= len(rule)


@settings(max_examples=300, deadline=None)
@given(rules(), st.dates(FIRST_DAY, date(2080, 12, 31)))
def test_the_words_of_a_summary_are_about_the_days_of_the_rule(rule: str, start: date) -> None:
    parts = with_defaults(read_rule(rule), start)
    last = start + timedelta(days=6_000)
    assert [*RuleDays(simplified(parts), start).between(start, last)] == [*RuleDays(parts, start).between(start, last)]


def test_rules_with_one_summary_have_the_same_days() -> None:
    start, last = date(2026, 11, 23), date(2034, 12, 31)
    days_by_summary: dict[str, tuple[str, list[date]]] = {}
    for rule in _many_rules():
        recurrence = Recurrence(rule, start, NINE)
        selected = list(occurrence_dates(recurrence, start, last))
        other, expected = days_by_summary.setdefault(summarize(recurrence), (rule, selected))
        assert selected == expected, (rule, other)
    assert len(days_by_summary) > 1_000


def _many_rules() -> Iterator[str]:
    """Yield many valid rules with up to five parts besides the frequency."""
    values = {
        "INTERVAL": ("", "2"),
        "WKST": ("", "SU"),
        "BYMONTH": ("", "2", "6,7,8", "3,11", "1,2,3,4,5,6,7,8,9,10,11,12"),
        "BYMONTHDAY": ("", "13", "1,15", "-1", "8,9,10,11,12,13,14", "1,2,3"),
        "BYDAY": ("", "MO", "MO,SU", "MO,TU,WE,TH,FR", "MO,TU,WE,TH,FR,SA,SU", "2MO", "1MO,3MO,-1FR", "MO,-1FR"),
        "BYYEARDAY": ("", "100", "1,-1"),
        "BYWEEKNO": ("", "20", "1,2,3,-1"),
        "BYSETPOS": ("", "1", "2", "-1"),
    }
    for frequency in Frequency:
        for chosen in product(*values.values()):
            parts = dict(zip(values, chosen, strict=True))
            rule = ";".join(f"{name}={text}" for name, text in {"FREQ": frequency, **parts}.items() if text)
            if sum(map(bool, chosen)) > 5:
                continue
            with suppress(InvalidRule):
                if not empty_parts(rule, date(2026, 11, 23)):
                    yield rule

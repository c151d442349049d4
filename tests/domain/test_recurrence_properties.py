"""The days of any rule equal those of a simple implementation of RFC 5545, and those of python-dateutil."""

import warnings
from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice, takewhile

from dateutil.rrule import rrule, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.recurrence import Recurrence, occurrence_dates
from domain.recurrence_days import with_defaults
from domain.recurrence_rule import WEEKDAY_CODES, Frequency, RuleDay, RuleParts, read_rule

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


# Rules


def _numbers(most: int, size: int = 3) -> st.SearchStrategy[str]:
    values = st.integers(-most, most).filter(bool)
    return st.lists(values, min_size=1, max_size=size, unique=True).map(lambda numbers: ",".join(map(str, numbers)))


def _listed(values: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(",".join)


def _ordinal_days(most: int) -> st.SearchStrategy[str]:
    ordinals = st.integers(-most, most).filter(bool)
    return _listed(st.tuples(ordinals, st.sampled_from(WEEKDAY_CODES)).map(lambda pair: f"{pair[0]}{pair[1]}"))


WEEKDAYS = _listed(st.sampled_from(WEEKDAY_CODES))
MONTHS = _listed(st.integers(1, 12).map(str))
BY_PARTS = {
    "DAILY": {"BYDAY": WEEKDAYS, "BYMONTHDAY": _numbers(31), "BYMONTH": MONTHS},
    "WEEKLY": {"BYDAY": WEEKDAYS, "BYMONTH": MONTHS},
    "MONTHLY": {"BYDAY": WEEKDAYS | _ordinal_days(5), "BYMONTHDAY": _numbers(31), "BYMONTH": MONTHS},
    "YEARLY": {
        "BYDAY": WEEKDAYS | _ordinal_days(5),
        "BYMONTHDAY": _numbers(31),
        "BYMONTH": MONTHS,
        "BYYEARDAY": _numbers(366),
    },
}


@st.composite
def rules_that_dateutil_evaluates_alike(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(sorted(BY_PARTS)))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 9)))}
    limits = BY_PARTS[frequency]
    for name in draw(st.lists(st.sampled_from(sorted(limits)), max_size=2, unique=True)):
        parts[name] = draw(limits[name])
    if frequency == "YEARLY" and len(parts) == 2 and draw(st.booleans()):
        parts["BYWEEKNO"] = draw(_listed(st.integers(1, 53).map(str)))
        parts["BYDAY"] = draw(WEEKDAYS)
    # dateutil counts the positions of the first week from the start date, not from the week's beginning.
    if len(parts) > 2 and frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
        parts["BYSETPOS"] = draw(_numbers(6))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAY_CODES))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 40)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw any valid rule."""
    frequency = draw(st.sampled_from(sorted(BY_PARTS)))
    parts = {"FREQ": frequency}
    limits = dict(BY_PARTS[frequency])
    if frequency == "YEARLY":
        limits |= {"BYDAY": WEEKDAYS | _ordinal_days(53), "BYWEEKNO": _numbers(53)}
    for name in draw(st.lists(st.sampled_from(sorted(limits)), max_size=3, unique=True)):
        parts[name] = draw(limits[name])
    if "BYWEEKNO" in parts and "BYDAY" in parts:
        parts["BYDAY"] = draw(WEEKDAYS)
    if len(parts) > 1 and draw(st.booleans()):
        parts["BYSETPOS"] = draw(_numbers(draw(st.sampled_from((2, 7, 31, 366))), size=8))
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(2, 7) | st.integers(8, 1000)))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAY_CODES))
    ending = draw(st.sampled_from(("", "COUNT", "UNTIL")))
    if ending == "COUNT":
        parts["COUNT"] = str(draw(st.integers(1, 400)))
    elif ending == "UNTIL":
        parts["UNTIL"] = draw(DAYS).strftime("%Y%m%d")
    return ";".join(f"{name}={value}" for name, value in parts.items())


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

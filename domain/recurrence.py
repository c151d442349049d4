"""The days on which a group meets: a recurrence rule anchored at a local date and time, less its excluded dates.

python-dateutil finds the days, a year at a time: left to itself it walks to the year 9999 for a rule that never
matches, and blocks its caller for seconds. What reaches beyond a year (INTERVAL, BYSETPOS, COUNT, UNTIL) is done here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import dropwhile, groupby, islice, takewhile

from dateutil.rrule import YEARLY, rrule, weekday

from domain.recurrence_rule import (
    FIRST_YEAR,
    LAST_YEAR,
    Frequency,
    InvalidRule,
    RuleDay,
    RuleParts,
    normalized,
    read_rule,
)
from domain.refusal import Fault, FaultCode, FieldPath, refuse_if_any

MAX_EXCLUDED_DATES = 1_000
SEARCHED_YEARS = 10
_LONGER_THAN_TIME = 9_999  # years: the next period is past the last year there is, so dateutil stops after one
_EVERY_MONTH_DAY = tuple(range(1, 32))


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a group repeats.

    Attributes:
        rule: An RFC 5545 recurrence rule, upper-case, without the "RRULE:" prefix.
        start_date: The local date that the rule counts from; no day before it is part of the recurrence.
        start_time: The local time of every session, kept across daylight saving; whole minutes.
        excluded_dates: Days without a session though the rule has them (EXDATE), in order.
    """

    rule: str
    start_date: date
    start_time: time
    excluded_dates: tuple[date, ...] = ()


def parse_recurrence(
    rule: str,
    start_date: date,
    start_time: time,
    excluded_dates: Iterable[date] = (),
    field: FieldPath = ("input", "recurrence"),
) -> Recurrence:
    """Makes a recurrence of what was typed.

    Args:
        rule: With or without the "RRULE:" prefix, in any case.
        start_date: A day of the years 2000 to 2100, as all dates here.
        start_time: Whole minutes.
        excluded_dates: At most 1,000, in any order.
        field: Where in the input this recurrence is, for the faults.

    Raises:
        Refusal: With every fault: INVALID_RECURRENCE_RULE, OUT_OF_RANGE for dates, INVALID for the rest.
    """
    faults: list[Fault] = []
    excluded = tuple(excluded_dates)
    rule = normalized(rule)
    try:
        until = read_rule(rule).until
    except InvalidRule as invalid:
        faults += [_rule_fault(sentence, field) for sentence in invalid.complaints]
    else:
        if until and until < start_date:
            faults.append(_rule_fault(f"UNTIL ends the rule before it starts, on {start_date.isoformat()}.", field))
    years = f"must be in the years {FIRST_YEAR} to {LAST_YEAR}."
    if not _in_range(start_date):
        faults.append(Fault(FaultCode.OUT_OF_RANGE, f"The start date {years}", (*field, "startDate")))
    if start_time.second or start_time.microsecond or start_time.tzinfo:
        faults.append(
            Fault(FaultCode.INVALID, "The start time is a local time in whole minutes.", (*field, "startTime"))
        )
    if len(excluded) > MAX_EXCLUDED_DATES:
        words = f"There are {len(excluded)} excluded dates, and there may be {MAX_EXCLUDED_DATES}."
        faults.append(Fault(FaultCode.INVALID, words, (*field, "excludedDates")))
    if not all(map(_in_range, excluded)):
        faults.append(Fault(FaultCode.OUT_OF_RANGE, f"The excluded dates {years}", (*field, "excludedDates")))
    refuse_if_any(faults)
    return Recurrence(rule, start_date, start_time, tuple(sorted(set(excluded))))


def occurrence_dates(recurrence: Recurrence, from_date: date, through_date: date) -> Iterator[date]:
    """Gives the days of the recurrence in a window, both ends included, in order, none after the year 2100.

    An excluded date is left out, yet it counts towards COUNT. The cost is bounded by the window, or by the stretch from
    the start to the window's end where the rule has a COUNT, whether or not anything matches.
    """
    parts = read_rule(recurrence.rule)
    last = min(through_date, parts.until or through_date)
    first = max(recurrence.start_date, from_date)
    if first > last:
        return
    days = _days(recurrence, parts, recurrence.start_date if parts.count else first, last)
    if parts.count:
        days = islice(days, parts.count)
    excluded = frozenset(recurrence.excluded_dates)
    yield from (day for day in dropwhile(lambda day: day < first, days) if day not in excluded)


def first_dates(recurrence: Recurrence, from_date: date, count: int) -> list[date]:
    """Gives the next days of the recurrence from a day on, that day included: at most count, within ten years."""
    # A recurrence that starts later is searched from its start: ten years of waiting are not ten years of search.
    first = max(from_date, recurrence.start_date)
    last = min(first, date(LAST_YEAR, 12, 31)) + timedelta(days=SEARCHED_YEARS * 366)
    return list(islice(occurrence_dates(recurrence, first, last), max(count, 0)))


def with_defaults(parts: RuleParts, start_date: date) -> RuleParts:
    """Gives the parts with what the rule leaves to the start date made explicit: its weekday, day or month."""
    if parts.by_day or parts.by_month_day or parts.by_year_day or parts.by_week_number:
        return parts
    match parts.frequency:
        case Frequency.DAILY:
            return parts
        case Frequency.WEEKLY:
            return replace(parts, by_day=(RuleDay(start_date.weekday()),))
        case Frequency.MONTHLY:
            return replace(parts, by_month_day=(start_date.day,))
        case Frequency.YEARLY:
            return replace(parts, by_month_day=(start_date.day,), by_month=parts.by_month or (start_date.month,))


def _rule_fault(sentence: str, field: FieldPath) -> Fault:
    return Fault(FaultCode.INVALID_RECURRENCE_RULE, sentence, (*field, "rule"))


def _in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR


def _days(recurrence: Recurrence, parts: RuleParts, first: date, last: date) -> Iterator[date]:
    """The rule's days from first, COUNT and exclusions aside, year by year of the periods that hold them."""
    start = recurrence.start_date
    for year in range(_period_start(parts, first).year, min(last.year, LAST_YEAR) + 1):
        days = _days_of_year(recurrence.rule, start, year)
        yield from takewhile(lambda day: day <= last, dropwhile(lambda day: day < first, days))


@lru_cache(maxsize=512)
def _days_of_year(rule: str, start: date, year: int) -> tuple[date, ...]:
    """The days from the start on in a calendar year, or, where periods matter, in those that begin in the year."""
    parts = with_defaults(read_rule(rule), start)
    if parts.frequency is Frequency.YEARLY and (year - start.year) % parts.interval:
        return ()
    candidates = _candidates(parts, year)
    if parts.interval == 1 and not parts.by_set_position:  # every period, and all of it: calendar years will do
        return tuple(day for day in candidates if day >= start)
    if parts.frequency is Frequency.WEEKLY:  # the last week may end in the next year, the first belong to the last
        next_year = takewhile(lambda day: day.month == 1 and day.day < 7, _candidates(parts, year + 1))
        candidates = [day for day in (*candidates, *next_year) if _period_start(parts, day).year == year]
    found: list[date] = []
    for period, days in groupby(candidates, key=lambda day: _period_start(parts, day)):
        if _periods_between(parts, start, period) % parts.interval == 0:
            found += _at_positions(parts, list(days))
    return tuple(day for day in found if day >= start and day.year <= LAST_YEAR)


def _candidates(parts: RuleParts, year: int) -> list[date]:
    """The days of a calendar year that the BY parts let through."""
    weekdays = _weekdays(parts)
    if parts.by_day and not weekdays:
        return []
    # Without a limit dateutil would take the first of January for the rule's start, and its day for the limit.
    unlimited = not (weekdays or parts.by_month_day or parts.by_year_day or parts.by_week_number)
    days = rrule(
        YEARLY,
        dtstart=datetime(year, 1, 1),  # noqa: DTZ001  # days alone matter
        interval=_LONGER_THAN_TIME,
        wkst=parts.week_start,
        # MONTHLY's ordinals count within each month; so do YEARLY's where months are given, and dateutil's then.
        bymonth=parts.by_month or (range(1, 13) if parts.frequency is Frequency.MONTHLY else None),
        bymonthday=_EVERY_MONTH_DAY if unlimited else parts.by_month_day or None,
        byyearday=parts.by_year_day or None,
        byweekno=parts.by_week_number or None,
        byweekday=weekdays or None,
    )
    return [day.date() for day in days]


def _weekdays(parts: RuleParts) -> list[weekday]:
    """BYDAY as dateutil reads it right.

    Beside ordinals it takes a day without one for a limit on them, where the RFC adds the days up, so such a day is
    given every ordinal; and it fails on ordinals past the end of a month, which match nothing.
    """
    if not any(day.ordinal for day in parts.by_day):
        return [weekday(day.weekday) for day in parts.by_day]
    most = 5 if parts.frequency is Frequency.MONTHLY or parts.by_month else 53
    return [
        weekday(day.weekday, ordinal)
        for day in parts.by_day
        for ordinal in ((day.ordinal,) if day.ordinal else range(1, most + 1))
        if abs(ordinal) <= most
    ]


def _at_positions(parts: RuleParts, days: list[date]) -> list[date]:
    """BYSETPOS: the days at these positions of a period's, all of them where the rule has none."""
    if not parts.by_set_position:
        return days
    wanted = {at - 1 if at > 0 else len(days) + at for at in parts.by_set_position}
    return [day for index, day in enumerate(days) if index in wanted]


def _period_start(parts: RuleParts, day: date) -> date:
    """The first day of the day, week, month or year of the rule that holds a day."""
    match parts.frequency:
        case Frequency.DAILY:
            return day
        case Frequency.WEEKLY:
            return day - timedelta(days=(day.weekday() - parts.week_start) % 7)
        case Frequency.MONTHLY:
            return day.replace(day=1)
        case Frequency.YEARLY:
            return day.replace(month=1, day=1)


def _periods_between(parts: RuleParts, start: date, period: date) -> int:
    """How many periods the one that begins at the day is after the one that holds the start."""
    match parts.frequency:
        case Frequency.DAILY:
            return (period - start).days
        case Frequency.WEEKLY:
            return (period - _period_start(parts, start)).days // 7
        case Frequency.MONTHLY:
            return (period.year - start.year) * 12 + period.month - start.month
        case Frequency.YEARLY:
            return period.year - start.year

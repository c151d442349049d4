"""How a group repeats: a recurrence rule anchored at a local date and time, less its excluded dates."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import filterfalse, islice

from domain.recurrence_days import LAST_DAY, rule_days
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR, InvalidRule, normalized, read_rule
from domain.recurrence_sense import pointless_parts
from domain.refusal import Fault, FaultCode, FieldPath, refuse_if_any

MAX_EXCLUDED_DATES = 1_000
SEARCHED_YEARS = 10


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
    """Return the recurrence for what was typed.

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
    faults += _rule_faults(rule, start_date, field)
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
    """Yield the days of the recurrence in a window, both ends included, in order, none after the year 2100.

    An excluded date is left out, yet it counts towards COUNT. The cost is that of the days and of the window's years,
    a microsecond or two each, wherever the window lies.
    """
    excluded = recurrence.excluded_dates  # in order
    around = excluded[bisect_left(excluded, from_date) : bisect_right(excluded, through_date)]
    days = rule_days(recurrence.rule, recurrence.start_date).between(from_date, min(through_date, LAST_DAY))
    return filterfalse(frozenset(around).__contains__, days)


def first_dates(recurrence: Recurrence, from_date: date, count: int) -> list[date]:
    """Return the next days of the recurrence from a day on, that day included: at most count, within ten years."""
    # A recurrence that starts later is searched from its start: ten years of waiting are not ten years of search.
    first = max(from_date, recurrence.start_date)
    last = min(first, LAST_DAY) + timedelta(days=SEARCHED_YEARS * 366)
    return list(islice(occurrence_dates(recurrence, first, last), max(count, 0)))


def _rule_faults(rule: str, start_date: date, field: FieldPath) -> list[Fault]:
    try:
        until = read_rule(rule).until
    except InvalidRule as invalid:
        return [_rule_fault(sentence, field) for sentence in invalid.complaints]
    if until and until < start_date:
        return [_rule_fault(f"UNTIL ends the rule before it starts, on {start_date.isoformat()}.", field)]
    return [_rule_fault(sentence, field) for sentence in pointless_parts(rule, start_date)]


def _rule_fault(sentence: str, field: FieldPath) -> Fault:
    return Fault(FaultCode.INVALID_RECURRENCE_RULE, sentence, (*field, "rule"))


def _in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR

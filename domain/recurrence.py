"""Recurrences: a recurrence rule with its local start date and time, and excluded dates."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import filterfalse, islice

from domain.recurrence_days import LAST_DAY, rule_days
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR, InvalidRule, normalized, read_rule
from domain.recurrence_sense import empty_parts
from domain.refusal import Fault, FaultCode, FieldPath, refuse_if_any

MAX_EXCLUDED_DATES = 1_000
MAX_SEARCH_YEARS = 10


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrence of a group.

    Attributes:
        rule: A recurrence rule (RFC 5545) in upper case, without the "RRULE:" prefix.
        start_date: The local date that the rule counts from. No earlier day is part of the recurrence.
        start_time: The local time of every session, in whole minutes, the same in daylight saving time.
        excluded_dates: The days of the rule without a session (EXDATE), in order.
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
    """Return the recurrence of an input.

    Args:
        rule: The rule, in upper or lower case, with or without the "RRULE:" prefix.
        start_date: The start date. Like all dates here, it must be in the years 2000 to 2100.
        start_time: The start time, in whole minutes.
        excluded_dates: At most 1,000 dates, in any order.
        field: The path of the recurrence in the input, for the faults.

    Raises:
        Refusal: With all faults: INVALID_RECURRENCE_RULE, OUT_OF_RANGE for dates, INVALID for the rest.
    """
    faults: list[Fault] = []
    excluded = tuple(excluded_dates)
    rule = normalized(rule)
    faults += _rule_faults(rule, start_date, field)
    years = f"must be between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31."
    if not _in_range(start_date):
        faults.append(Fault(FaultCode.OUT_OF_RANGE, f"The start date {years}", (*field, "startDate")))
    if start_time.second or start_time.microsecond or start_time.tzinfo:
        message = "The start time must be a local time in whole minutes, such as 09:30:00."
        faults.append(Fault(FaultCode.INVALID, message, (*field, "startTime")))
    if len(excluded) > MAX_EXCLUDED_DATES:
        message = f"A recurrence may have at most {MAX_EXCLUDED_DATES:,} excluded dates."
        faults.append(Fault(FaultCode.INVALID, message, (*field, "excludedDates")))
    if not all(map(_in_range, excluded)):
        faults.append(Fault(FaultCode.OUT_OF_RANGE, f"Each excluded date {years}", (*field, "excludedDates")))
    refuse_if_any(faults)
    return Recurrence(rule, start_date, start_time, tuple(sorted(set(excluded))))


def occurrence_dates(recurrence: Recurrence, from_date: date, through_date: date) -> Iterator[date]:
    """Yield the days of the recurrence in a window, including both ends, in order, until the end of 2100.

    Excluded dates are left out, but count for COUNT. Each day and each year of the window costs one or two
    microseconds, however far the window is from the start date.
    """
    excluded = recurrence.excluded_dates  # in order
    in_window = excluded[bisect_left(excluded, from_date) : bisect_right(excluded, through_date)]
    days = rule_days(recurrence.rule, recurrence.start_date).between(from_date, min(through_date, LAST_DAY))
    return filterfalse(frozenset(in_window).__contains__, days)


def first_dates(recurrence: Recurrence, from_date: date, count: int) -> list[date]:
    """Return the first days of the recurrence from a day on, including that day: at most `count`, within ten years."""
    # The ten years begin with the start date if that is later.
    first = max(from_date, recurrence.start_date)
    last = min(first, LAST_DAY) + timedelta(days=MAX_SEARCH_YEARS * 366)
    return list(islice(occurrence_dates(recurrence, first, last), max(count, 0)))


def _rule_faults(rule: str, start_date: date, field: FieldPath) -> list[Fault]:
    try:
        until = read_rule(rule).until
    except InvalidRule as invalid:
        return [_rule_fault(message, field) for message in invalid.messages]
    if until and until < start_date:
        return [_rule_fault("UNTIL must not be before the start date.", field)]
    return [_rule_fault(message, field) for message in empty_parts(rule, start_date)]


def _rule_fault(message: str, field: FieldPath) -> Fault:
    return Fault(FaultCode.INVALID_RECURRENCE_RULE, message, (*field, "rule"))


def _in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR

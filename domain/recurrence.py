"""Recurrences: a recurrence rule with its local start date and time, and excluded dates."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import filterfalse, islice

from domain.recurrence_days import LAST_DAY, rule_days

MAX_SEARCH_YEARS = 10


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrence of a group.

    Attributes:
        rule: A recurrence rule (RFC 5545) in its canonical form. Rules that the first release stored may have another.
        start_date: The local date that the rule counts from. No earlier day is part of the recurrence.
        start_time: The local time of every session, in whole minutes, the same in daylight saving time.
        excluded_dates: The days without a session (EXDATE), in order. Days that are not of the rule have no effect.
    """

    rule: str
    start_date: date
    start_time: time
    excluded_dates: tuple[date, ...] = ()


def occurrence_dates(recurrence: Recurrence, from_date: date, through_date: date) -> Iterator[date]:
    """Yield the days of the recurrence in a window, including both ends, in order, until the end of 2100.

    Excluded dates are left out, but count for COUNT. Each day and each year of the window costs one or two
    microseconds, however far the window is from the start date.
    """
    excluded = recurrence.excluded_dates  # in order
    in_window = excluded[bisect_left(excluded, from_date) : bisect_right(excluded, through_date)]
    days = rule_days(recurrence.rule, recurrence.start_date).between(from_date, min(through_date, LAST_DAY))
    return filterfalse(frozenset(in_window).__contains__, days)


def count_exclusions(recurrence: Recurrence) -> int:
    """Return how many days of the rule are excluded. Other excluded dates do not count."""
    return rule_days(recurrence.rule, recurrence.start_date).count_among(recurrence.excluded_dates)


def first_dates(recurrence: Recurrence, from_date: date, count: int) -> list[date]:
    """Return the first days of the recurrence from a day on, including that day: at most `count`, within ten years."""
    # The ten years begin with the start date if that is later.
    first = max(from_date, recurrence.start_date)
    last = min(first, LAST_DAY) + timedelta(days=MAX_SEARCH_YEARS * 366)
    return list(islice(occurrence_dates(recurrence, first, last), max(count, 0)))

"""The days of a year as the bits of an integer, with 1 January as bit 0. Rules are evaluated a year at a time.

The calendar of a year, including its weeks, depends on the weekday of 1 January and on whether the year itself, the
year before and the year after are leap years. `twin` returns the first year with the same calendar, so that the BY
parts of a rule are evaluated for at most 28 years instead of a century.
"""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import Final

from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR

WEEK: Final = 0b1111111


def _calendar(year: int) -> tuple[int, bool, bool, bool]:
    return date(year, 1, 1).weekday(), isleap(year - 1), isleap(year), isleap(year + 1)


_FIRST_BY_CALENDAR: Final = {_calendar(year): year for year in range(LAST_YEAR, FIRST_YEAR - 1, -1)}
_TWIN: Final = {year: _FIRST_BY_CALENDAR[_calendar(year)] for year in range(FIRST_YEAR, LAST_YEAR + 1)}
TWINS: Final = tuple(sorted(_FIRST_BY_CALENDAR.values()))
"""The first year of each calendar. The BY parts of a rule select the same days in all years of a calendar."""


def twin(year: int) -> int:
    """Return the first year with the same calendar."""
    return _TWIN[year]


@dataclass(frozen=True, slots=True)
class YearMasks:
    """The days of a year, grouped by the values of rule parts.

    Attributes:
        first_weekday: The weekday of 1 January; 0 is Monday.
        length: The number of days.
        whole: All days.
        weekdays: The Mondays, the Tuesdays and so on.
        months: The days of January, February and so on.
        month_days: The days by their number in the month. Negative numbers count from its end.
        month_weeks: The first seven days of each month, the next seven and so on. Negative numbers count from its end.
    """

    first_weekday: int
    length: int
    whole: int
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    month_days: Mapping[int, int]
    month_weeks: Mapping[int, int]

    def month_week(self, ordinal: int) -> int:
        """Return the seven days of each month that contain the ordinal-th of each weekday, if any."""
        return self.month_weeks.get(ordinal, 0)

    def year_day(self, number: int) -> int:
        """Return the day with a number in the year. Negative numbers count from its end."""
        index = number - 1 if number > 0 else self.length + number
        return 1 << index if 0 <= index < self.length else 0

    def year_week(self, ordinal: int) -> int:
        """Return the seven days that contain the ordinal-th of each weekday of the year."""
        index = 7 * ordinal - 7 if ordinal > 0 else self.length + 7 * ordinal
        return week_at(index) & self.whole


@lru_cache(maxsize=len(TWINS))
def year_masks(year: int) -> YearMasks:
    """Return the masks of a year."""
    length = 365 + isleap(year)
    whole = (1 << length) - 1
    first_weekday = date(year, 1, 1).weekday()
    weekdays = tuple((every(7) << (weekday - first_weekday) % 7) & whole for weekday in range(7))
    months: list[int] = []
    month_days = dict.fromkeys((*range(1, 32), *range(-31, 0)), 0)
    begin = 0
    for month in range(1, 13):
        days = monthrange(year, month)[1]
        months.append(((1 << days) - 1) << begin)
        for day in range(days):
            month_days[day + 1] |= 1 << (begin + day)
            month_days[day - days] |= 1 << (begin + day)
        begin += days
    month_weeks = {
        sign * week: union(month_days[sign * day] for day in range(7 * week - 6, min(7 * week, 31) + 1))
        for week in range(1, 6)
        for sign in (1, -1)
    }
    return YearMasks(first_weekday, length, whole, weekdays, tuple(months), month_days, month_weeks)


@lru_cache(maxsize=7 * len(TWINS))
def week_numbers(year: int, week_start: int) -> Mapping[int, int]:
    """Return the days of a year by week number. Negative numbers count from the last week of the week's own year.

    Week 1 is the first week with at least four days in its year (RFC 5545, section 3.3.10; ISO 8601). So the first days
    of a year may be in the last week of the year before, and its last days in the first week of the next year.
    """
    masks = year_masks(year)
    begins = [_week_one(nearby, week_start) for nearby in range(year - 1, year + 3)]
    days: dict[int, int] = {}
    for first, following in pairwise(begins):
        count = (following - first) // 7
        for number in range(1, count + 1):
            index = first - date(year, 1, 1).toordinal() + 7 * (number - 1)
            if -7 < index < masks.length:
                week = week_at(index) & masks.whole
                days[number] = days.get(number, 0) | week
                days[number - count - 1] = days.get(number - count - 1, 0) | week
    return days


def week_at(index: int) -> int:
    """Return the seven days from an index on. If it is negative, the days before the year are left out."""
    return WEEK << index if index >= 0 else WEEK >> -index


@lru_cache(maxsize=1_024)
def every(step: int) -> int:
    """Return every step-th bit from the first on, for a little more than a year."""
    return union(1 << index for index in range(0, 372, step))


def union(masks: Iterable[int]) -> int:
    """Return the days in any of the masks."""
    return reduce(or_, masks, 0)


def indexes(days: int) -> Iterator[int]:
    """Yield the indexes of the days, in order."""
    while days:
        lowest = days & -days
        yield lowest.bit_length() - 1
        days ^= lowest


def _week_one(year: int, week_start: int) -> int:
    """Return the ordinal of the first day of the year's week 1."""
    first = date(year, 1, 1)
    offset = (week_start - first.weekday()) % 7
    return first.toordinal() + (offset if offset < 4 else offset - 7)

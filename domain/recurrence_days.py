"""The days of a rule, computed by year: the days that the BY parts select, in every INTERVAL-th period.

The BY parts select the same days in all years with the same calendar (`domain.year_masks`). So the time to
compute a year does not depend on its distance from the start date, and COUNT is counted by years.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

from domain.recurrence_rule import LAST_YEAR, Frequency, RuleDay, RuleParts, read_rule
from domain.year_masks import TWINS, WEEK, every, indexes, twin, union, week_at, week_numbers, year_masks

LAST_DAY: Final = date(LAST_YEAR, 12, 31)
_by_weekday: Final = attrgetter("weekday")
_by_year: Final = attrgetter("year")


@lru_cache(maxsize=256)
def rule_days(rule: str, start_date: date) -> "RuleDays":
    """Return the days of a rule."""
    return RuleDays(with_defaults(read_rule(rule), start_date), start_date)


def with_defaults(parts: RuleParts, start_date: date) -> RuleParts:
    """Return the parts with the defaults from the start date: its weekday, day or month."""
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


class RuleDays:
    """The days of a rule from its start date on, including excluded dates. The days of each calendar are cached."""

    def __init__(self, parts: RuleParts, start_date: date) -> None:
        """Take the parts with the defaults from the start date."""
        self._parts = parts
        self._start = start_date
        self._candidates: dict[int, int] = {}
        self._selected: dict[int, int] = {}

    @cached_property
    def last(self) -> date:
        """The last possible day: UNTIL, the day that COUNT ends with, or the end of the last year."""
        remaining = self._parts.count
        if remaining is None:
            return self._parts.until or LAST_DAY
        for year in range(self._start.year, LAST_YEAR + 1):
            days = self._of_year(year)
            if remaining <= days.bit_count():
                index = next(islice(indexes(days), remaining - 1, None))
                return date.fromordinal(date(year, 1, 1).toordinal() + index)
            remaining -= days.bit_count()
        return LAST_DAY

    def between(self, first: date, last: date) -> Iterator[date]:
        """Yield the days from `first` through `last`, in order."""
        first = max(first, self._start)
        if first > last or first > self.last:
            return
        last = min(last, self.last)
        for year in range(first.year, last.year + 1):
            days = self._of_year(year)
            new_year = date(year, 1, 1).toordinal()
            if year == first.year:
                days &= -1 << (first.toordinal() - new_year)
            if year == last.year:
                days &= (2 << (last.toordinal() - new_year)) - 1
            for index in indexes(days):
                yield date.fromordinal(new_year + index)

    def count_among(self, days: Iterable[date]) -> int:
        """Return how many of some days, which are in order, are days of the rule."""
        count = 0
        for year, days_of_year in groupby((day for day in days if self._start <= day <= self.last), key=_by_year):
            new_year = date(year, 1, 1).toordinal()
            count += (
                self._of_year(year) & union(1 << (day.toordinal() - new_year) for day in days_of_year)
            ).bit_count()
        return count

    def is_empty(self) -> bool:
        """Return whether the BY parts select no day of any year."""
        return not any(map(self._select, TWINS))

    def most_in_a_period(self) -> int:
        """Return the maximum number of days in a period from which BYSETPOS selects."""
        if self._parts.frequency is Frequency.DAILY:
            return 1
        return max(days.bit_count() for year in TWINS for days in self._by_period(year))

    def _of_year(self, year: int) -> int:
        days = self._select(twin(year)) & _active(self._parts, self._start, year)
        return days & (-1 << (self._start.timetuple().tm_yday - 1)) if year == self._start.year else days

    def _select(self, year: int) -> int:
        """Return the days of a year that the BY parts select, in all periods."""
        selected = self._selected.get(year)
        if selected is None:
            positions = self._parts.by_set_position
            selected = self._at_positions(year, positions) if positions else self._candidates_of(year)
            self._selected[year] = selected
        return selected

    def _at_positions(self, year: int, positions: tuple[int, ...]) -> int:
        if self._parts.frequency is Frequency.DAILY:  # the period is one day, which is both its first and its last
            return self._candidates_of(year) if 1 in positions or -1 in positions else 0
        selected = union(_days_at_positions(days, positions) for days in self._by_period(year))
        return (selected >> _shift(self._parts)) & year_masks(year).whole

    def _by_period(self, year: int) -> list[int]:
        """Return the candidates of each week, month or year. Those of weeks are shifted by one week."""
        candidates, parts = self._candidates_of(year), self._parts
        match parts.frequency:
            case Frequency.MONTHLY:
                return [candidates & month for month in year_masks(year).months]
            case Frequency.WEEKLY:
                first = 7 - (year_masks(year).first_weekday - parts.week_start) % 7
                days = _with_days_around(parts, year, candidates)
                return [days & (WEEK << index) for index in range(first, 380, 7)]
            case _:
                return [candidates]

    def _candidates_of(self, year: int) -> int:
        candidates = self._candidates.get(year)
        if candidates is None:
            candidates = self._candidates[year] = _candidates(self._parts, year)
        return candidates


def _candidates(parts: RuleParts, year: int) -> int:
    """Return the days of a year that all BY parts except BYSETPOS select."""
    masks = year_masks(year)
    days = masks.whole
    if parts.by_month:
        days &= union(masks.months[month - 1] for month in parts.by_month)
    if parts.by_month_day:
        days &= union(masks.month_days[day] for day in parts.by_month_day)
    if parts.by_year_day:
        days &= union(masks.year_day(number) for number in parts.by_year_day)
    if parts.by_week_number:
        numbers = week_numbers(year, parts.week_start)
        days &= union(numbers.get(number, 0) for number in parts.by_week_number)
    if parts.by_day:
        days &= union(_weekdays(parts, year))
    return days


def _weekdays(parts: RuleParts, year: int) -> Iterator[int]:
    masks = year_masks(year)
    in_period = masks.month_week if parts.counts_in_months else masks.year_week
    for weekday, days in groupby(sorted(parts.by_day, key=_by_weekday), key=_by_weekday):
        yield masks.weekdays[weekday] & union(in_period(day.ordinal) if day.ordinal else masks.whole for day in days)


def _with_days_around(parts: RuleParts, year: int, candidates: int) -> int:
    """Return the candidates, shifted by one week, with those of the weeks before and after the year.

    Only weekdays and months restrict the days of a WEEKLY rule, so the days of the adjacent years follow from them.
    """
    masks = year_masks(year)
    pattern = union(every(7) << (day.weekday - masks.first_weekday) % 7 for day in parts.by_day)
    in_december, in_january = (not parts.by_month or month in parts.by_month for month in (12, 1))
    before = pattern >> 7 & WEEK if in_december else 0
    after = pattern >> (masks.length % 7 + 7) & WEEK if in_january else 0
    return before | candidates << 7 | after << (masks.length + 7)


def _days_at_positions(days: int, positions: tuple[int, ...]) -> int:
    days_in_order = list(indexes(days))
    count = len(days_in_order)
    return union(1 << days_in_order[at - (at > 0)] for at in positions if -count <= at <= count)


def _shift(parts: RuleParts) -> int:
    return 7 if parts.frequency is Frequency.WEEKLY else 0


def _active(parts: RuleParts, start: date, year: int) -> int:
    """Return the days of a year in every INTERVAL-th period, counted from the period of the start date."""
    masks, interval = year_masks(twin(year)), parts.interval
    if interval == 1:
        return masks.whole
    new_year = date(year, 1, 1).toordinal()
    match parts.frequency:
        case Frequency.DAILY:
            return (every(interval) << (start.toordinal() - new_year) % interval) & masks.whole
        case Frequency.WEEKLY:
            week_start = start.toordinal() - (start.weekday() - parts.week_start) % 7
            step = 7 * interval
            first = (week_start - new_year) % step
            # The week before `first` may extend into the year.
            return (every(step) * WEEK << first | week_at(first - step)) & masks.whole
        case Frequency.MONTHLY:
            since = (year - start.year) * 12 - start.month + 1
            return union(masks.months[month] for month in range(12) if (since + month) % interval == 0)
        case Frequency.YEARLY:
            return masks.whole if (year - start.year) % interval == 0 else 0

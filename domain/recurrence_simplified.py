"""Simpler parts that select the same days, so that a summary reads as a person would say it."""

from dataclasses import replace
from typing import Final

from domain.recurrence_rule import Frequency, RuleDay, RuleParts

_DAYS_OF_WEEK: Final = tuple(RuleDay(day) for day in range(7))
_EVERY_MONTH: Final = tuple(range(1, 13))
_WEEKS_OF_MONTH_DAYS: Final = {
    **{tuple(range(7 * week - 6, 7 * week + 1)): week for week in range(1, 5)},
    tuple(range(-7, 0)): -1,
}


def simplified(parts: RuleParts) -> RuleParts:
    """Return parts that select the same days with fewer words. The parts must have their defaults from the start date.

    A set position of one weekday becomes its ordinal: the second of the Mondays is the second Monday. If the interval
    is 1, plain weekdays are those of every week, and plain days of the month are those of every month.
    """
    parts = _without_set_positions(_without_every_month(parts))
    if parts.interval > 1 or parts.by_set_position or parts.by_year_day or parts.by_week_number:
        return parts
    if parts.by_day and not parts.by_month_day and not any(day.ordinal for day in parts.by_day):
        if parts.by_day == _DAYS_OF_WEEK:
            return replace(parts, frequency=Frequency.DAILY, by_day=())
        return replace(parts, frequency=Frequency.WEEKLY)
    if parts.by_month_day and not _counts_in_years(parts):
        parts = replace(parts, frequency=Frequency.MONTHLY)
    return _without_weeks_of_month_days(parts)


def _without_weeks_of_month_days(parts: RuleParts) -> RuleParts:
    """Return the parts with "the second Monday" for "a Monday that falls on the 8th to 14th"."""
    ordinal = _WEEKS_OF_MONTH_DAYS.get(parts.by_month_day)
    if ordinal is None or not parts.by_day or not parts.counts_in_months or any(day.ordinal for day in parts.by_day):
        return parts
    return replace(parts, by_day=tuple(RuleDay(day.weekday, ordinal) for day in parts.by_day), by_month_day=())


def _counts_in_years(parts: RuleParts) -> bool:
    """Return whether the parts name dates of the year, or weekdays by their place in the year."""
    has_ordinals = any(day.ordinal for day in parts.by_day)
    return parts.frequency is Frequency.YEARLY and (bool(parts.by_month) or has_ordinals)


def _without_every_month(parts: RuleParts) -> RuleParts:
    if parts.by_month != _EVERY_MONTH:
        return parts
    if parts.frequency is not Frequency.YEARLY:
        return replace(parts, by_month=())
    # The ordinals of a YEARLY rule with months count within each month.
    if parts.interval > 1 or parts.by_set_position or parts.by_year_day or parts.by_week_number:
        return parts
    return replace(parts, frequency=Frequency.MONTHLY, by_month=())


def _without_set_positions(parts: RuleParts) -> RuleParts:
    positions = parts.by_set_position
    if parts.frequency is Frequency.DAILY and not {1, -1}.isdisjoint(positions):  # one day is both first and last
        return replace(parts, by_set_position=())
    is_only_weekdays = not (parts.by_month_day or parts.by_year_day or parts.by_week_number)
    if not positions or not is_only_weekdays or any(day.ordinal for day in parts.by_day):
        return parts
    if parts.frequency is Frequency.WEEKLY and not parts.by_month:
        in_order = sorted(parts.by_day, key=lambda day: (day.weekday - parts.week_start) % 7)
        count = len(in_order)
        chosen = sorted({in_order[at - (at > 0)].weekday for at in positions if abs(at) <= count})
        return _with_days(parts, tuple(RuleDay(weekday) for weekday in chosen))
    is_yearly = parts.frequency is Frequency.YEARLY
    counts_alike = parts.frequency is Frequency.MONTHLY or (is_yearly and len(parts.by_month) < 2)
    if counts_alike and len(parts.by_day) == 1:
        [day] = parts.by_day
        most = 5 if parts.counts_in_months else 53
        ordinals = sorted((at for at in positions if abs(at) <= most), key=lambda at: (at < 0, at))
        return _with_days(parts, tuple(RuleDay(day.weekday, at) for at in ordinals))
    return parts


def _with_days(parts: RuleParts, days: tuple[RuleDay, ...]) -> RuleParts:
    """Return the parts with some weekdays in place of set positions. A rule of the first release may have none."""
    return replace(parts, by_day=days, by_set_position=()) if days else parts

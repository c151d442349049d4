"""Rules that are well-formed but never select a day."""

from collections.abc import Iterator
from datetime import date

from domain.calendar_names import WEEKDAYS
from domain.recurrence_days import LAST_DAY, rule_days
from domain.recurrence_rule import Frequency, RuleParts, read_rule

_PERIODS = {Frequency.DAILY: "day", Frequency.WEEKLY: "week", Frequency.MONTHLY: "month", Frequency.YEARLY: "year"}


def empty_parts(rule: str, start_date: date) -> list[str]:
    """Return a message for each part of a well-formed rule that selects no day in any year."""
    parts = read_rule(rule)
    messages = [*_ordinals(parts), *_positions(parts, rule, start_date)]
    if not messages and rule_days(rule, start_date).is_empty():
        messages = ["No day matches all parts of the rule. Remove or change one of them."]
    return messages


def no_days(rule: str, start_date: date) -> list[str]:
    """Return a message if a rule, whose parts select days, selects none from the start date on."""
    until = read_rule(rule).until
    if until and until < start_date:
        return ["UNTIL must not be before the start date."]
    if next(rule_days(rule, start_date).between(start_date, LAST_DAY), None):
        return []
    if until:
        return ["The rule has no day from the start date through UNTIL. Write a later UNTIL, or remove it."]
    return [f"The rule has no day from the start date through {LAST_DAY.year}. Change the start date or the rule."]


def _ordinals(parts: RuleParts) -> Iterator[str]:
    most, period = (5, "month") if parts.counts_in_months else (53, "year")
    beyond = [day for day in parts.by_day if abs(day.ordinal) > most]
    if beyond:
        day = beyond[0]
        yield (
            f"A number in BYDAY is out of range: a {period} has at most {most} {WEEKDAYS[day.weekday]}s. "
            f"Write a number up to {most}."
        )


def _positions(parts: RuleParts, rule: str, start_date: date) -> Iterator[str]:
    if not parts.by_set_position:
        return
    most = rule_days(rule, start_date).most_in_a_period()
    beyond = [position for position in parts.by_set_position if abs(position) > most]
    if beyond and most:
        period, days = _PERIODS[parts.frequency], "1 day" if most == 1 else f"{most} days"
        range_ = "1 or -1" if most == 1 else f"numbers from 1 to {most}, or -{most} to -1 to count from the end"
        yield (
            f"A position in BYSETPOS is out of range: the other parts select at most {days} in a {period}. "
            f"Write {range_}."
        )

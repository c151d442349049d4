"""Parts of a rule that are well written, yet can never select a day: asked for by mistake, or to cost work."""

from collections.abc import Iterator
from datetime import date

from domain.calendar_names import WEEKDAYS
from domain.recurrence_days import rule_days
from domain.recurrence_rule import WEEKDAY_CODES, Frequency, RuleParts, read_rule

_PERIODS = {Frequency.DAILY: "day", Frequency.WEEKLY: "week", Frequency.MONTHLY: "month", Frequency.YEARLY: "year"}


def pointless_parts(rule: str, start_date: date) -> list[str]:
    """Return a sentence for each part of a well-written rule that selects no day in any year."""
    parts = read_rule(rule)
    found = [*_ordinals(parts), *_positions(parts, rule, start_date)]
    if not found and rule_days(rule, start_date).is_empty():
        found = ["No day is ever all that the rule asks for. Leave out or change one of its parts."]
    return found


def _ordinals(parts: RuleParts) -> Iterator[str]:
    most, period = (5, "month") if parts.counts_in_months else (53, "year")
    beyond = [day for day in parts.by_day if abs(day.ordinal) > most]
    if beyond:
        day = beyond[0]
        yield (
            f'BYDAY cannot hold "{day.ordinal}{WEEKDAY_CODES[day.weekday]}" here: a {period} has at most {most} '
            f"{WEEKDAYS[day.weekday]}s. Write {most} or less before the day."
        )


def _positions(parts: RuleParts, rule: str, start_date: date) -> Iterator[str]:
    if not parts.by_set_position:
        return
    most = rule_days(rule, start_date).most_in_a_period()
    beyond = [position for position in parts.by_set_position if abs(position) > most]
    if beyond and most:
        period, days = _PERIODS[parts.frequency], "1 day" if most == 1 else f"{most} days"
        wanted = "1 or -1" if most == 1 else f"numbers from 1 to {most}, or -{most} to -1 to count from the end"
        yield (
            f"BYSETPOS cannot hold {beyond[0]} here: a {period} has at most {days} of this rule to pick from. "
            f"Write {wanted}."
        )

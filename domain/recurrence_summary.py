"""The summary of a recurrence in English, as a person would say it."""

from datetime import date, time
from functools import lru_cache
from typing import Final

from domain.calendar_names import WEEKDAYS, clock_time, short_date
from domain.recurrence import Recurrence, count_exclusions
from domain.recurrence_days import with_defaults
from domain.recurrence_rule import Frequency, RuleParts, read_rule
from domain.recurrence_simplified import simplified
from domain.recurrence_words import ALL_WORKING_DAYS, dates_of_year, days_of_period, months_and_weeks

_EVERY: Final = {
    Frequency.DAILY: ("Daily", "days"),
    Frequency.WEEKLY: ("Weekly", "weeks"),
    Frequency.MONTHLY: ("Monthly", "months"),
    Frequency.YEARLY: ("Yearly", "years"),
}


def summarize(recurrence: Recurrence) -> str:
    """Return the recurrence in words, such as "Every 2 weeks on Tuesday at 1:30 PM, until Dec 31, 2026"."""
    summary = _summary(recurrence.rule, recurrence.start_date, recurrence.start_time)
    return summary + (_exceptions(count_exclusions(recurrence)) if recurrence.excluded_dates else "")


@lru_cache(maxsize=512)
def _summary(rule: str, start_date: date, start_time: time) -> str:
    parts = simplified(with_defaults(read_rule(rule), start_date))
    phrases = [*_period_and_days(parts), f"at {clock_time(start_time)}"]
    return " ".join(filter(None, phrases)) + _week_start(parts, start_date) + _end(parts)


def _period_and_days(parts: RuleParts) -> tuple[str, ...]:
    adverb, plural = _EVERY[parts.frequency]
    period = adverb if parts.interval == 1 else f"Every {parts.interval} {plural}"
    if dates := dates_of_year(parts):
        return period, f"on {dates}"
    days, scope = days_of_period(parts), months_and_weeks(parts)
    if adverb == "Weekly" and days == ALL_WORKING_DAYS and parts.interval == 1:
        return "Every weekday (Monday to Friday)", scope
    if parts.frequency is Frequency.DAILY and days:
        return f"{period}, only on {days}", scope
    return period, f"on {days}" if days else "", scope


def _week_start(parts: RuleParts, start_date: date) -> str:
    """Return the phrase for the start of weeks, if other days would be selected if weeks started on Monday."""
    start = start_date.weekday()

    def days_since_start(week_start: int) -> set[int]:
        return {(day.weekday - week_start) % 7 - (start - week_start) % 7 for day in parts.by_day}

    match parts.frequency:
        case Frequency.WEEKLY if parts.interval > 1 or parts.by_set_position:
            matters = days_since_start(parts.week_start) != days_since_start(0)
        case _:
            matters = bool(parts.by_week_number and parts.week_start)
    return f", weeks starting on {WEEKDAYS[parts.week_start]}" if matters else ""


def _end(parts: RuleParts) -> str:
    if parts.until:
        return f", until {short_date(parts.until)}, {parts.until.year}"
    if parts.count:
        return ", once" if parts.count == 1 else f", {parts.count} times"
    return ""


def _exceptions(count: int) -> str:
    return f", except {count} date{'' if count == 1 else 's'}" if count else ""

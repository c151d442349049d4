"""The summary of a recurrence in English words, as calendars show it."""

from datetime import date, time
from functools import lru_cache

from domain.calendar_names import MONTHS, WEEKDAYS, in_list, ordinal, short_date
from domain.recurrence import Recurrence, count_exclusions
from domain.recurrence_days import with_defaults
from domain.recurrence_rule import Frequency, RuleDay, RuleParts, read_rule

_EVERY = {
    Frequency.DAILY: ("Daily", "days"),
    Frequency.WEEKLY: ("Weekly", "weeks"),
    Frequency.MONTHLY: ("Monthly", "months"),
    Frequency.YEARLY: ("Yearly", "years"),
}
_WORKING_DAYS = tuple(RuleDay(day) for day in range(5))
_MAX_DATES = 4


def summarize(recurrence: Recurrence) -> str:
    """Return the recurrence in words, such as "Every 2 weeks on Tuesday at 1:30 PM, until Dec 31, 2026"."""
    summary = _summary(recurrence.rule, recurrence.start_date, recurrence.start_time)
    return summary + (_exceptions(count_exclusions(recurrence)) if recurrence.excluded_dates else "")


@lru_cache(maxsize=512)
def _summary(rule: str, start_date: date, start_time: time) -> str:
    parts = with_defaults(read_rule(rule), start_date)
    phrases = [_period(parts)]
    if days := _days(parts):
        phrases.append(days)
    phrases.append(f"at {_clock(start_time)}")
    return " ".join(phrases) + _week_start(parts) + _end(parts)


def _period(parts: RuleParts) -> str:
    adverb, plural = _EVERY[parts.frequency]
    return adverb if parts.interval == 1 else f"Every {parts.interval} {plural}"


def _days(parts: RuleParts) -> str:
    """Return the phrase for the BY parts: "on" the days, "of" or "in" the period that they are counted in."""
    if not parts.by_set_position and (dates := _dates_of_year(parts)):
        return f"on {in_list(dates)}"
    kinds = [kind for kind in (_weekdays(parts), _month_days(parts), _year_days(parts)) if kind]
    scope = _scope(parts)
    if not kinds and not parts.by_set_position:
        # BYWEEKNO without days selects every day of the weeks; BYMONTH without days restricts a daily rule.
        return f"on every day {scope}" if parts.by_week_number else scope
    days = " that falls on ".join(kinds) or "every day"
    return f"on {_at_positions(parts, days)} {scope}".rstrip()


def _at_positions(parts: RuleParts, days: str) -> str:
    if not parts.by_set_position:
        return days
    places = in_list([ordinal(at) for at in _from_the_front(parts.by_set_position)])
    if parts.by_day == _WORKING_DAYS and days == _weekdays(parts):
        return f"the {places} weekday (Monday to Friday)"
    return f"the {places} day among {days}"


def _dates_of_year(parts: RuleParts) -> list[str]:
    """Return the dates, such as "November 23", if the rule selects only a few dates of the year."""
    has_dates = parts.frequency is Frequency.YEARLY and parts.by_month and all(day > 0 for day in parts.by_month_day)
    if not has_dates or parts.by_day or parts.by_year_day or parts.by_week_number:
        return []
    dates = [f"{MONTHS[month - 1]} {day}" for month in parts.by_month for day in parts.by_month_day]
    return dates if len(dates) <= _MAX_DATES else []


def _weekdays(parts: RuleParts) -> str:
    # A week has one Monday; a month or a year has several.
    every = "every " if parts.frequency in (Frequency.MONTHLY, Frequency.YEARLY) else ""
    names = [
        f"the {ordinal(day.ordinal)} {WEEKDAYS[day.weekday]}" if day.ordinal else f"{every}{WEEKDAYS[day.weekday]}"
        for day in parts.by_day
    ]
    in_year = parts.frequency is Frequency.YEARLY and not parts.by_month and any(day.ordinal for day in parts.by_day)
    return in_list(names) + (" of the year" if in_year else "")


def _month_days(parts: RuleParts) -> str:
    days = _from_the_front(parts.by_month_day)
    if not days:
        return ""
    every_month = parts.frequency is Frequency.YEARLY and not parts.by_month
    return _numbered_days(days) + (" of every month" if every_month else "")


def _year_days(parts: RuleParts) -> str:
    days = _from_the_front(parts.by_year_day)
    return f"{_numbered_days(days)} of the year" if days else ""


def _numbered_days(days: list[int]) -> str:
    if len(days) > 1 and days[0] > 0 and days[-1] > 0:
        return f"days {in_list([str(day) for day in days])}"
    return in_list([f"day {day}" if day > 0 else f"the {ordinal(day)} day" for day in days])


def _scope(parts: RuleParts) -> str:
    phrases = []
    if weeks := _from_the_front(parts.by_week_number):
        if len(weeks) > 1 and weeks[0] > 0 and weeks[-1] > 0:
            numbers = f"weeks {in_list([str(week) for week in weeks])}"
        else:
            numbers = in_list([f"week {week}" if week > 0 else f"the {ordinal(week)} week" for week in weeks])
        phrases.append(f"in {numbers} of the year")
    if parts.by_month:
        word = "of" if parts.frequency is Frequency.YEARLY and not (weeks or parts.by_year_day) else "in"
        phrases.append(f"{word} {in_list([MONTHS[month - 1] for month in parts.by_month])}")
    return " ".join(phrases)


def _from_the_front(numbers: tuple[int, ...]) -> list[int]:
    """Return the numbers from the start, then those from the end, both in the order of the calendar."""
    return sorted(numbers, key=lambda number: (number < 0, number))


def _clock(at: time) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"


def _week_start(parts: RuleParts) -> str:
    """Return the phrase for the start of weeks, if it matters and is not Monday."""
    weekly = parts.frequency is Frequency.WEEKLY and (parts.interval > 1 or parts.by_set_position)
    matters = weekly or parts.by_week_number
    return f", weeks starting on {WEEKDAYS[parts.week_start]}" if matters and parts.week_start else ""


def _end(parts: RuleParts) -> str:
    if parts.until:
        return f", until {short_date(parts.until)}, {parts.until.year}"
    if parts.count:
        return f", {parts.count} time{'' if parts.count == 1 else 's'}"
    return ""


def _exceptions(count: int) -> str:
    return f", except {count} date{'' if count == 1 else 's'}" if count else ""

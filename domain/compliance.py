"""Weekly compliance: whether a week of an intensive program has the required hours and days.

The minimums are those of the Arizona Health Care Cost Containment System (AHCCCS) for behavioral health. Intensive
outpatient (IOP): at least nine hours a week, on at least three days with at least three hours each. Partial
hospitalization (PHP): at least twenty hours a week, on at least five days.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from domain.calendar_names import WEEKDAYS, short_date
from domain.wall_time import instant

_Date = date  # ComplianceGap has a field named date
_HOUR = timedelta(hours=1)
_DAYS_OF_WEEK = 7
_CACHED_WEEKS = 200


class Program(StrEnum):
    """The group types with weekly minimums."""

    IOP = "IOP"
    PHP = "PHP"


class ComplianceStatus(StrEnum):
    """Whether all requirements are met."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"


class ComplianceRequirementCode(StrEnum):
    """What a requirement measures: the week's hours, the days with a session, or the hours on each of these days."""

    WEEKLY_HOURS = "WEEKLY_HOURS"
    WEEKLY_DAYS = "WEEKLY_DAYS"
    DAILY_HOURS = "DAILY_HOURS"


@dataclass(frozen=True, slots=True)
class ComplianceRequirement:
    """One minimum and the actual value, in hours or days. DAILY_HOURS is about the shortest day; 0 without any."""

    code: ComplianceRequirementCode
    required: float
    actual: float
    met: bool


@dataclass(frozen=True, slots=True)
class ComplianceGap:
    """The shortfall of one requirement, in hours or days and in words. `date` is set for the hours of one day."""

    code: ComplianceRequirementCode
    message: str
    shortfall: float
    date: _Date | None = None


@dataclass(frozen=True, slots=True)
class Compliance:
    """A week of a program compared with the program's minimums.

    Attributes:
        program: The program.
        week_start: The first day of the week.
        week_end: The last day of the week.
        status: COMPLIANT if all requirements are met.
        hours: The hours with a session, rounded to two decimals. Overlapping sessions count once.
        days: The number of days with a session.
        requirements: All requirements of the program.
        gaps: The shortfalls: the week's hours, its days, then its short days in order.
    """

    program: Program
    week_start: date
    week_end: date
    status: ComplianceStatus
    hours: float
    days: int
    requirements: tuple[ComplianceRequirement, ...]
    gaps: tuple[ComplianceGap, ...]


@dataclass(frozen=True, slots=True)
class _Minimums:
    weekly_hours: int
    weekly_days: int
    daily_hours: int | None


_MINIMUMS = {Program.IOP: _Minimums(9, 3, 3), Program.PHP: _Minimums(20, 5, None)}


def week_start(day: date, first_weekday: int) -> date:
    """Return the first day of the week that contains a day. `first_weekday` is 0 for Monday."""
    return day - timedelta(days=(day.weekday() - first_weekday) % _DAYS_OF_WEEK)


def weekly_compliance(
    program: Program, week_start: date, zone: str, sessions: Iterable[tuple[datetime, datetime]]
) -> Compliance:
    """Compare the seven days from `week_start` with the program's minimums.

    Args:
        program: The program.
        week_start: The first day of the week.
        zone: The IANA time zone whose midnights separate the days.
        sessions: The start and end, as instants, of all sessions that are not cancelled. Only the time within the week
            counts.
    """
    by_day = _time_by_day(week_start, zone, sessions)
    minimums = _MINIMUMS[program]
    total = sum(by_day.values(), timedelta())
    requirements = [
        _hours_requirement(ComplianceRequirementCode.WEEKLY_HOURS, minimums.weekly_hours, total),
        ComplianceRequirement(
            ComplianceRequirementCode.WEEKLY_DAYS,
            float(minimums.weekly_days),
            float(len(by_day)),
            len(by_day) >= minimums.weekly_days,
        ),
    ]
    gaps: list[ComplianceGap] = []
    if total < minimums.weekly_hours * _HOUR:
        missing = _hours_short(minimums.weekly_hours * _HOUR - total)
        message = f"Need {_more(missing, 'hour')}/week"
        gaps.append(ComplianceGap(ComplianceRequirementCode.WEEKLY_HOURS, message, missing))
    if (days_short := float(minimums.weekly_days - len(by_day))) > 0:
        message = f"Need {_more(days_short, 'day')}/week"
        gaps.append(ComplianceGap(ComplianceRequirementCode.WEEKLY_DAYS, message, days_short))
    if minimums.daily_hours is not None:
        shortest = min(by_day.values(), default=None)
        requirements.append(_hours_requirement(ComplianceRequirementCode.DAILY_HOURS, minimums.daily_hours, shortest))
        gaps += _short_days(by_day, minimums.daily_hours * _HOUR)
    return Compliance(
        program=program,
        week_start=week_start,
        week_end=week_start + timedelta(days=_DAYS_OF_WEEK - 1),
        status=ComplianceStatus.NON_COMPLIANT if gaps else ComplianceStatus.COMPLIANT,
        hours=requirements[0].actual,
        days=len(by_day),
        requirements=tuple(requirements),
        gaps=tuple(gaps),
    )


def _time_by_day(first: date, zone: str, sessions: Iterable[tuple[datetime, datetime]]) -> dict[date, timedelta]:
    """Return the time with a session for each day that has any, in order."""
    midnights = _midnights(first, zone)
    by_day: dict[date, timedelta] = {}
    for start, end in _without_overlap(sessions):
        start, end = max(start, midnights[0]), min(end, midnights[-1])  # noqa: PLW2901 - only the time within the week
        while start < end:
            number = bisect_right(midnights, start) - 1
            day, until = first + timedelta(days=number), min(end, midnights[number + 1])
            by_day[day] = by_day.get(day, timedelta()) + (until - start)
            start = until  # noqa: PLW2901 - a session may last beyond midnight
    return by_day


@lru_cache(_CACHED_WEEKS)
def _midnights(first: date, zone: str) -> tuple[datetime, ...]:
    """Return the instants that separate the days of a week. A day has 23 or 25 hours when the clocks change."""
    return tuple(instant(first + timedelta(days=number), time(), zone) for number in range(_DAYS_OF_WEEK + 1))


def _without_overlap(sessions: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    stretches: list[tuple[datetime, datetime]] = []
    for start, end in sorted(sessions):
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _short_days(by_day: dict[date, timedelta], required: timedelta) -> list[ComplianceGap]:
    gaps = []
    for day, spent in by_day.items():
        if spent < required:
            missing = _hours_short(required - spent)
            message = f"Need {_more(missing, 'hour')} on {WEEKDAYS[day.weekday()]}, {short_date(day)}"
            gaps.append(ComplianceGap(ComplianceRequirementCode.DAILY_HOURS, message, missing, day))
    return gaps


def _hours_requirement(
    code: ComplianceRequirementCode, required: int, actual: timedelta | None
) -> ComplianceRequirement:
    """Return a requirement of hours. It is met if there is nothing to measure (None). Only the result is rounded."""
    met = actual is None or actual >= required * _HOUR
    shown = 0.0 if actual is None else round(actual / _HOUR, 2)
    if not met:  # a shortfall of seconds must not be rounded away
        shown = min(shown, required - 0.01)
    return ComplianceRequirement(code, float(required), shown, met)


def _hours_short(missing: timedelta) -> float:
    """Return the missing hours rounded to two decimals, at least 0.01."""
    return max(round(missing / _HOUR, 2), 0.01)


def _more(number: float, unit: str) -> str:
    return f"{number:g} more {unit}{'' if number == 1 else 's'}"

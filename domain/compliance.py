"""Whether a week of an intensive program has the hours it must have.

The minimums are those of the Arizona Health Care Cost Containment System (AHCCCS) for behavioral health: intensive
outpatient (IOP), at least nine hours a week over at least three days with at least three hours each; partial
hospitalization (PHP), at least twenty hours a week over at least five days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.calendar_names import WEEKDAYS, short_date
from domain.wall_time import instant

_Date = date  # a gap has a field of that name
_HOUR = timedelta(hours=1)
_DAYS_OF_WEEK = 7


class Program(StrEnum):
    """The group types that a weekly minimum is set for."""

    IOP = "IOP"
    PHP = "PHP"


class ComplianceStatus(StrEnum):
    """Whether every requirement is met."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"


class ComplianceRequirementCode(StrEnum):
    """What a requirement measures: hours in the week, days with a session, hours on each of those days."""

    WEEKLY_HOURS = "WEEKLY_HOURS"
    WEEKLY_DAYS = "WEEKLY_DAYS"
    DAILY_HOURS = "DAILY_HOURS"


@dataclass(frozen=True, slots=True)
class ComplianceRequirement:
    """One minimum and what there is, in hours or days. For DAILY_HOURS that is the shortest day; 0 without sessions."""

    code: ComplianceRequirementCode
    required: float
    actual: float
    met: bool


@dataclass(frozen=True, slots=True)
class ComplianceGap:
    """What is missing from one requirement, in hours or days and in words; on which day, for one day's hours."""

    code: ComplianceRequirementCode
    message: str
    shortfall: float
    date: _Date | None = None


@dataclass(frozen=True, slots=True)
class Compliance:
    """A program's week against its minimums.

    Attributes:
        program: Whose minimums.
        week_start: The first day of the week.
        week_end: Its last day.
        status: COMPLIANT where every requirement is met.
        hours: Hours with a session, overlapping ones once, to two decimals.
        days: Days with a session.
        requirements: Every minimum of the program.
        gaps: What is missing; the week's hours, its days, then its short days in order.
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
    """Return the first day of the week that holds a day, for weeks that begin on a weekday (0 is Monday)."""
    return day - timedelta(days=(day.weekday() - first_weekday) % _DAYS_OF_WEEK)


def weekly_compliance(
    program: Program, week_start: date, zone: str, sessions: Iterable[tuple[datetime, datetime]]
) -> Compliance:
    """Weigh the seven days from week_start against the program's minimums.

    Args:
        program: Whose minimums.
        week_start: The first day of the week.
        zone: The IANA zone whose midnights divide the days.
        sessions: Start and end, as instants, of every session that is not cancelled. Those outside the week count for
            nothing, those that reach out of it for what is inside.
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
        words = f"Need {_more(missing, 'hour')}/week"
        gaps.append(ComplianceGap(ComplianceRequirementCode.WEEKLY_HOURS, words, missing))
    if (days_short := float(minimums.weekly_days - len(by_day))) > 0:
        words = f"Need {_more(days_short, 'day')}/week"
        gaps.append(ComplianceGap(ComplianceRequirementCode.WEEKLY_DAYS, words, days_short))
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
    """Return the time with a session on each day that has any, in order of days."""
    stretches = _without_overlap(sessions)
    by_day: dict[date, timedelta] = {}
    for day in (first + timedelta(days=number) for number in range(_DAYS_OF_WEEK)):
        # Instants, not 24 hours: a day is 23 or 25 hours long when the clocks change.
        midnight, next_midnight = (instant(each, time(), zone) for each in (day, day + timedelta(days=1)))
        inside = (min(end, next_midnight) - max(start, midnight) for start, end in stretches)
        if spent := sum((part for part in inside if part > timedelta()), timedelta()):
            by_day[day] = spent
    return by_day


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
            words = f"Need {_more(missing, 'hour')} on {WEEKDAYS[day.weekday()]}, {short_date(day)}"
            gaps.append(ComplianceGap(ComplianceRequirementCode.DAILY_HOURS, words, missing, day))
    return gaps


def _hours_requirement(
    code: ComplianceRequirementCode, required: int, actual: timedelta | None
) -> ComplianceRequirement:
    """Return a minimum of hours, met where nothing is measured (None). It is decided exactly and shown rounded."""
    met = actual is None or actual >= required * _HOUR
    shown = 0.0 if actual is None else round(actual / _HOUR, 2)
    if not met:  # seconds short must not look like enough
        shown = min(shown, required - 0.01)
    return ComplianceRequirement(code, float(required), shown, met)


def _hours_short(missing: timedelta) -> float:
    """Hours to two decimals; never 0, for something is missing."""
    return max(round(missing / _HOUR, 2), 0.01)


def _more(number: float, unit: str) -> str:
    return f"{number:g} more {unit}{'' if number == 1 else 's'}"

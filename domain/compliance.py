"""Weekly compliance: whether a week of an intensive program meets the requirements of its rule set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.calendar_names import WEEKDAYS, short_date
from domain.records import Program
from domain.rule_sets import ComplianceRuleSet
from domain.weeks import Session, day_of, time_by_day, week_end

_Date = date  # ComplianceGap has a field named date
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_SMALLEST = 0.01
"""The smallest number of hours that is shown."""


class ComplianceStatus(StrEnum):
    """Whether all requirements are met."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"


class ComplianceRequirementCode(StrEnum):
    """What a requirement measures."""

    WEEKLY_HOURS = "WEEKLY_HOURS"
    """The hours of the week."""
    WEEKLY_DAYS = "WEEKLY_DAYS"
    """The days with a session."""
    DAILY_HOURS = "DAILY_HOURS"
    """The hours on each of these days."""
    GROUP_SIZE = "GROUP_SIZE"
    """The patients of the group, of whom there may be at most so many."""
    SESSION_MINUTES = "SESSION_MINUTES"
    """The minutes of each session."""


@dataclass(frozen=True, slots=True)
class ComplianceRequirement:
    """One requirement and the actual value, in its unit.

    DAILY_HOURS is about the shortest day, SESSION_MINUTES about the shortest session; 0 without any. `required` is a
    minimum, for GROUP_SIZE a maximum. WEEKLY_HOURS may also have a maximum, which its gap names.
    """

    code: ComplianceRequirementCode
    required: float
    actual: float
    met: bool


@dataclass(frozen=True, slots=True)
class ComplianceGap:
    """How far one requirement is from being met, in its unit and in words. `date` is set for a gap of one day."""

    code: ComplianceRequirementCode
    message: str
    shortfall: float
    date: _Date | None = None


_Measured = tuple[ComplianceRequirement, list[ComplianceGap]] | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A week measured by a rule set.

    Attributes:
        hours: The hours with a session, rounded to two decimals. Overlapping sessions count once.
        days: The number of days with a session.
        requirements: All requirements of the rule set.
        gaps: The gaps, in the order of the requirements, and of the days.
    """

    hours: float
    days: int
    requirements: tuple[ComplianceRequirement, ...]
    gaps: tuple[ComplianceGap, ...]

    @property
    def status(self) -> ComplianceStatus:
        """COMPLIANT if all requirements are met."""
        return ComplianceStatus.NON_COMPLIANT if self.gaps else ComplianceStatus.COMPLIANT


@dataclass(frozen=True, slots=True)
class Compliance:
    """A week of a group compared with its rule set.

    Attributes:
        rule_set: The rule set.
        week_start: The first day of the week.
        week_end: The last day of the week.
        status: COMPLIANT if all requirements are met.
        hours: The hours with a session, rounded to two decimals. Overlapping sessions count once.
        days: The number of days with a session.
        requirements: All requirements of the rule set.
        gaps: The gaps, in the order of the requirements, and of the days.
    """

    rule_set: ComplianceRuleSet
    week_start: date
    week_end: date
    status: ComplianceStatus
    hours: float
    days: int
    requirements: tuple[ComplianceRequirement, ...]
    gaps: tuple[ComplianceGap, ...]

    @property
    def program(self) -> Program:
        """The program."""
        return self.rule_set.program


def weekly_compliance(
    rules: ComplianceRuleSet, week_start: date, zone: str, sessions: Iterable[Session], group_size: int = 0
) -> Compliance:
    """Compare the seven days from `week_start` with a rule set.

    Args:
        rules: The rule set.
        week_start: The first day of the week.
        zone: The IANA time zone whose midnights separate the days.
        sessions: The start and end, as instants, of all sessions that are not cancelled. Only the time within the week
            counts.
        group_size: The number of patients with a seat in the group.
    """
    week = measure(rules, week_start, zone, sessions, group_size)
    return Compliance(
        rules, week_start, week_end(week_start), week.status, week.hours, week.days, week.requirements, week.gaps
    )


def measure(
    rules: ComplianceRuleSet, week_start: date, zone: str, sessions: Iterable[Session], group_size: int
) -> Measurement:
    """Measure a week by a rule set. The arguments are those of `weekly_compliance`."""
    sessions = list(sessions)
    by_day = time_by_day(week_start, zone, sessions)
    total = sum(by_day.values(), timedelta())
    measured = [
        _weekly_hours(rules, total),
        _weekly_days(rules, len(by_day)),
        _daily_hours(rules, by_day),
        _group_size(rules, group_size),
        _session_minutes(rules, week_start, zone, sessions),
    ]
    requirements = tuple(requirement for requirement, _ in filter(None, measured))
    is_about_hours = rules.weekly_hours is not None or rules.weekly_hours_maximum is not None
    return Measurement(
        hours=requirements[0].actual if is_about_hours else round(total / _HOUR, 2),
        days=len(by_day),
        requirements=requirements,
        gaps=tuple(gap for _, gaps in filter(None, measured) for gap in gaps),
    )


def _weekly_hours(rules: ComplianceRuleSet, total: timedelta) -> _Measured:
    code, least, most = ComplianceRequirementCode.WEEKLY_HOURS, rules.weekly_hours, rules.weekly_hours_maximum
    if most is not None and total > most * _HOUR:
        shown = max(round(total / _HOUR, 2), most + _SMALLEST)  # an excess of seconds must not be rounded away
        message = f"{_number_of(shown, 'hour')}/week, at most {most:g}"
        excess = _hours_short(total - most * _HOUR)
        required = most if least is None else least
        return ComplianceRequirement(code, required, shown, met=False), [ComplianceGap(code, message, excess)]
    if least is None:
        return None if most is None else (ComplianceRequirement(code, most, round(total / _HOUR, 2), met=True), [])
    requirement = _hours_requirement(code, least, total)
    if requirement.met:
        return requirement, []
    missing = _hours_short(least * _HOUR - total)
    return requirement, [ComplianceGap(code, f"Need {_more(missing, 'hour')}/week", missing)]


def _weekly_days(rules: ComplianceRuleSet, days: int) -> _Measured:
    code, least = ComplianceRequirementCode.WEEKLY_DAYS, rules.weekly_days
    if least is None:
        return None
    requirement = ComplianceRequirement(code, float(least), float(days), met=days >= least)
    missing = float(least - days)
    return requirement, [ComplianceGap(code, f"Need {_more(missing, 'day')}/week", missing)] if missing > 0 else []


def _daily_hours(rules: ComplianceRuleSet, by_day: dict[date, timedelta]) -> _Measured:
    code, least = ComplianceRequirementCode.DAILY_HOURS, rules.daily_hours
    if least is None:
        return None
    return _hours_requirement(code, least, min(by_day.values(), default=None)), _short_days(by_day, least * _HOUR)


def _group_size(rules: ComplianceRuleSet, size: int) -> _Measured:
    code, most = ComplianceRequirementCode.GROUP_SIZE, rules.group_size_maximum
    if most is None:
        return None
    requirement = ComplianceRequirement(code, float(most), float(size), met=size <= most)
    message = f"{size} enrolled, at most {most}"
    return requirement, [] if requirement.met else [ComplianceGap(code, message, float(size - most))]


def _session_minutes(rules: ComplianceRuleSet, first: date, zone: str, sessions: Sequence[Session]) -> _Measured:
    """Measure the sessions that begin in the week. There is one gap for each day, about its shortest session."""
    code, least = ComplianceRequirementCode.SESSION_MINUTES, rules.session_minutes
    if least is None:
        return None
    shortest: dict[date, float] = {}
    for start, end in sessions:
        if (day := day_of(start, first, zone)) is not None:
            shortest[day] = min((end - start) / _MINUTE, shortest.get(day, float("inf")))
    gaps = [
        ComplianceGap(
            code,
            f"{minutes:g}-minute session on {WEEKDAYS[day.weekday()]}, {short_date(day)},"
            f" at least {_number_of(least, 'minute')}",
            least - minutes,
            day,
        )
        for day, minutes in sorted(shortest.items())
        if minutes < least
    ]
    return ComplianceRequirement(code, float(least), min(shortest.values(), default=0.0), met=not gaps), gaps


def _short_days(by_day: dict[date, timedelta], required: timedelta) -> list[ComplianceGap]:
    gaps = []
    for day, spent in by_day.items():
        if spent < required:
            missing = _hours_short(required - spent)
            message = f"Need {_more(missing, 'hour')} on {WEEKDAYS[day.weekday()]}, {short_date(day)}"
            gaps.append(ComplianceGap(ComplianceRequirementCode.DAILY_HOURS, message, missing, day))
    return gaps


def _hours_requirement(
    code: ComplianceRequirementCode, required: float, actual: timedelta | None
) -> ComplianceRequirement:
    """Return a requirement of hours. It is met if there is nothing to measure (None). Only the result is rounded."""
    met = actual is None or actual >= required * _HOUR
    shown = 0.0 if actual is None else round(actual / _HOUR, 2)
    if not met:  # a shortfall of seconds must not be rounded away
        shown = min(shown, required - _SMALLEST)
    return ComplianceRequirement(code, float(required), shown, met)


def _hours_short(missing: timedelta) -> float:
    """Return the missing hours rounded to two decimals, at least 0.01."""
    return max(round(missing / _HOUR, 2), _SMALLEST)


def _more(number: float, unit: str) -> str:
    return _number_of(number, unit, "more ")


def _number_of(number: float, unit: str, more: str = "") -> str:
    return f"{number:g} {more}{unit}{'' if number == 1 else 's'}"

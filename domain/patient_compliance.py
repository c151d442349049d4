"""A patient's week in a program: what is over, what is still scheduled, and whether it will suffice.

Only sessions of groups count. The hours of individual sessions are in other modules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.compliance import (
    ComplianceGap,
    ComplianceRequirement,
    ComplianceStatus,
    measure,
)
from domain.records import GroupDefinition, Program
from domain.rule_sets import ComplianceRuleSet
from domain.weeks import Session, week_end


class ComplianceOutlook(StrEnum):
    """Whether a patient's week will meet its rule set.

    Only hours, days and minutes count here, because sessions decide them. The size of a group does not count.
    """

    MET = "MET"
    """The sessions that are over suffice."""
    ON_TRACK = "ON_TRACK"
    """The scheduled sessions suffice, also if any one of the remaining ones is lost."""
    AT_RISK = "AT_RISK"
    """The scheduled sessions suffice only if every remaining one is held."""
    CANNOT_BE_MET = "CANNOT_BE_MET"
    """The scheduled sessions do not suffice."""


@dataclass(frozen=True, slots=True)
class PatientWeek:
    """The facts of a patient's week in a program.

    Attributes:
        patient_id: The patient.
        rules: The rule set: that of the IOP or PHP group that the patient is in, the strictest of several.
        week_start: The first day of the week.
        zone: The IANA time zone of that group, whose midnights separate the days.
        sessions: The start and end of all sessions that count toward the program, are not cancelled, and at which the
            patient is expected.
        group_size: The number of patients with a seat in the largest group of these sessions.
        groups: The groups of these sessions, by name.
        is_partial: Whether the patient's stay begins or ends within the week.
    """

    patient_id: str
    rules: ComplianceRuleSet
    week_start: date
    zone: str
    sessions: Sequence[Session]
    group_size: int
    groups: tuple[GroupDefinition, ...]
    is_partial: bool


@dataclass(frozen=True, slots=True)
class PatientCompliance:
    """A patient's week compared with a rule set.

    Attributes:
        patient_id: The patient.
        rule_set: The rule set.
        week_start: The first day of the week.
        week_end: The last day of the week.
        partial_week: Whether the patient's stay begins or ends within the week. It is measured all the same.
        status: Whether all scheduled sessions meet the rule set.
        outlook: Whether the week will meet it.
        hours: The scheduled hours, those that are over included. Overlapping sessions count once.
        hours_past: The hours of the sessions that are over.
        days: The number of days with a session.
        requirements: All requirements of the rule set.
        gaps: The gaps, in the order of the requirements, and of the days.
        group_definitions: The groups of the sessions, by name.
    """

    patient_id: str
    rule_set: ComplianceRuleSet
    week_start: date
    week_end: date
    partial_week: bool
    status: ComplianceStatus
    outlook: ComplianceOutlook
    hours: float
    hours_past: float
    days: int
    requirements: tuple[ComplianceRequirement, ...]
    gaps: tuple[ComplianceGap, ...]
    group_definitions: tuple[GroupDefinition, ...]

    @property
    def program(self) -> Program:
        """The program."""
        return self.rule_set.program

    @property
    def hours_missing(self) -> float:
        """The hours that the week is short of; 0 if it has enough."""
        return max(0.0, (self.rule_set.weekly_hours or 0.0) - self.hours)


def patient_compliance(week: PatientWeek, now: datetime) -> PatientCompliance:
    """Compare a patient's week with its rule set, as of an instant."""
    scheduled = measure(week.rules, week.week_start, week.zone, week.sessions, week.group_size)
    past = [session for session in week.sessions if session[1] <= now]
    return PatientCompliance(
        patient_id=week.patient_id,
        rule_set=week.rules,
        week_start=week.week_start,
        week_end=week_end(week.week_start),
        partial_week=week.is_partial,
        status=scheduled.status,
        outlook=_outlook(week, past, now),
        hours=scheduled.hours,
        hours_past=measure(week.rules, week.week_start, week.zone, past, 0).hours,
        days=scheduled.days,
        requirements=scheduled.requirements,
        gaps=scheduled.gaps,
        group_definitions=week.groups,
    )


def _outlook(week: PatientWeek, past: Sequence[Session], now: datetime) -> ComplianceOutlook:
    if _suffice(week, past):
        return ComplianceOutlook.MET
    if not _suffice(week, week.sessions):
        return ComplianceOutlook.CANNOT_BE_MET
    for number, (_, end) in enumerate(week.sessions):
        others = [*week.sessions[:number], *week.sessions[number + 1 :]]
        if end > now and not _suffice(week, others):
            return ComplianceOutlook.AT_RISK
    return ComplianceOutlook.ON_TRACK


def _suffice(week: PatientWeek, sessions: Sequence[Session]) -> bool:
    return not measure(week.rules, week.week_start, week.zone, sessions, 0).gaps

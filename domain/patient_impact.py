"""What a change of sessions does to patients' weeks: which of them fall under a requirement, or rise to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from domain.compliance import ComplianceRequirementCode
from domain.patient_compliance import PatientCompliance, PatientWeek, patient_compliance
from domain.patient_weeks import Seat, patient_weeks
from domain.records import OccurrenceStatus
from domain.rule_sets import RuleSets
from domain.session_changes import SessionChange
from domain.weeks import DatedSession, week_start

_ZONES: Final = timedelta(days=1)
"""More than any time zone differs from UTC."""
_SEVEN_DAYS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PatientComplianceChange:
    """A patient's week in a program before and after a change."""

    before: PatientCompliance
    after: PatientCompliance


@dataclass(frozen=True, slots=True)
class EqualWeeks:
    """The weeks of patients for whom a change does the same: they are expected at the same sessions.

    Attributes:
        patient_ids: The patients, in order.
        before: The week before the change, of no patient.
        after: The week after it, of no patient.
    """

    patient_ids: tuple[str, ...]
    before: PatientCompliance
    after: PatientCompliance

    def of_each(self) -> Iterator[PatientComplianceChange]:
        """Yield the week of each patient."""
        for patient_id in self.patient_ids:
            before, after = (replace(week, patient_id=patient_id) for week in (self.before, self.after))
            yield PatientComplianceChange(before, after)


@dataclass(frozen=True, slots=True)
class SeatsOfWeek:
    """A patient's seats, and the first day of a week in which sessions of at least one of their groups change."""

    patient_id: str
    seats: Sequence[Seat]
    first_day: date


@dataclass(frozen=True, slots=True)
class Calendars:
    """The sessions that are not cancelled, by group and first day of the week, before and after a change.

    A week has all sessions that may be in it in any time zone.
    """

    before: Mapping[date, Mapping[UUID, Sequence[DatedSession]]]
    after: Mapping[date, Mapping[UUID, Sequence[DatedSession]]]


def weeks_of_changes(changes: Iterable[SessionChange], first_weekday: int) -> dict[date, set[UUID]]:
    """Return the groups whose sessions change, by the first day of each week that a change may be in in any zone."""
    weeks: dict[date, set[UUID]] = {}
    for change in changes:
        for session in (change.before, change.after):
            if session is not None and session.status != OccurrenceStatus.CANCELLED:
                for moment in (session.starts_at - _ZONES, session.starts_at, session.ends_at + _ZONES):
                    first_day = week_start(moment.date(), first_weekday)
                    weeks.setdefault(first_day, set()).add(session.group_definition_id)
    return weeks


def calendars(
    first_days: Iterable[date], after: Mapping[UUID, Mapping[UUID, DatedSession]], changes: Sequence[SessionChange]
) -> Calendars:
    """Return the calendars of weeks.

    Args:
        first_days: The first days of the weeks.
        after: The sessions that are not cancelled, by group and id, as they are now.
        changes: The changes, each of a session of one of the groups.
    """
    before = {group_id: dict(sessions) for group_id, sessions in after.items()}
    for change in changes:
        session = change.before
        of_group = before.setdefault(change.after.group_definition_id, {})
        of_group.pop(change.after.id, None)
        if session is not None and session.status != OccurrenceStatus.CANCELLED:
            of_group[session.id] = DatedSession(session.starts_at, session.ends_at, session.session_date)
    days = list(first_days)
    return Calendars(*({day: _of_week(day, groups) for day in days} for groups in (before, after)))


class PatientChanges:
    """Compares patients' weeks before and after a change.

    Patients who are expected at the same sessions have equal weeks, so each of these is measured once.
    """

    def __init__(
        self, sessions: Calendars, group_sizes: Mapping[UUID, int], rule_sets: RuleSets, now: datetime
    ) -> None:
        """Compare weeks of these sessions.

        Args:
            sessions: The sessions of the groups before and after the change.
            group_sizes: The number of patients with a seat, for the groups whose rule set limits it.
            rule_sets: The rule sets of the clinic.
            now: The present instant.
        """
        self._sessions = sessions
        self._group_sizes = group_sizes
        self._rule_sets = rule_sets
        self._now = now
        self._measured: dict[PatientWeek, PatientCompliance] = {}
        self._patients: dict[tuple[int, int], list[str]] = {}
        self._changes: dict[tuple[int, int], tuple[PatientCompliance, PatientCompliance]] = {}

    def compare(self, of_week: SeatsOfWeek) -> None:
        """Compare a patient's week in each program. Remember those that fall under a requirement, or rise to it."""
        before, after = (
            patient_weeks(
                of_week.patient_id, of_week.seats, of_week.first_day, week, self._group_sizes, self._rule_sets
            )
            for week in (self._sessions.before[of_week.first_day], self._sessions.after[of_week.first_day])
        )
        # The programs follow from the seats, so both have the same.
        for old, new in zip(before, after, strict=True):
            if old.sessions != new.sessions:
                was, becomes = self._measure(old), self._measure(new)
                if _unmet(was) != _unmet(becomes):
                    # Equal weeks are measured once, so they are the same object.
                    key = id(was), id(becomes)
                    self._changes[key] = was, becomes
                    self._patients.setdefault(key, []).append(of_week.patient_id)

    def changed_weeks(self) -> tuple[EqualWeeks, ...]:
        """Return the remembered weeks, by week and program."""
        weeks = [EqualWeeks(tuple(self._patients[key]), *change) for key, change in self._changes.items()]
        return tuple(sorted(weeks, key=lambda week: (week.after.week_start, week.after.program)))

    def _measure(self, week: PatientWeek) -> PatientCompliance:
        of_anyone = replace(week, patient_id="")
        measured = self._measured.get(of_anyone)
        if measured is None:
            measured = self._measured[of_anyone] = patient_compliance(of_anyone, self._now)
        return measured


def _unmet(week: PatientCompliance) -> set[ComplianceRequirementCode]:
    return {requirement.code for requirement in week.requirements if not requirement.met}


def _of_week(first_day: date, groups: Mapping[UUID, Mapping[UUID, DatedSession]]) -> dict[UUID, list[DatedSession]]:
    midnight = datetime.combine(first_day, time(), UTC)
    first, last = midnight - _ZONES, midnight + _SEVEN_DAYS + _ZONES
    return {
        group_id: [session for session in sessions.values() if session.starts_at < last and session.ends_at > first]
        for group_id, sessions in groups.items()
    }

"""What a change of sessions does to others: the conflicts that it makes, and the weeks of programs that it changes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from domain.compliance import Compliance, weekly_compliance
from domain.conflicts import Booking, Calendar, Conflict, ConflictKind, find_conflicts
from domain.patient_impact import EqualWeeks, PatientComplianceChange
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.rule_sets import ComplianceRuleSet
from domain.session_changes import SessionChange
from domain.wall_time import local_date
from domain.weeks import Session, sessions_by_week, week_start

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ComplianceChange:
    """A week of a program's group before and after a change."""

    group_definition_id: UUID
    before: Compliance
    after: Compliance


@dataclass(frozen=True, slots=True)
class ScheduleImpact:
    """What a change of sessions does to others.

    Attributes:
        conflicts: The conflicts that the change makes, by their keys.
        compliance: The weeks of IOP and PHP groups that it changes, by week and group.
        patient_weeks: The patients' weeks that it takes under a requirement or up to it, by week and program. Equal
            weeks are one, since an impact is stored until its request has a response.
    """

    conflicts: tuple[Conflict, ...] = ()
    compliance: tuple[ComplianceChange, ...] = ()
    patient_weeks: tuple[EqualWeeks, ...] = ()

    @property
    def patient_compliance(self) -> list[PatientComplianceChange]:
        """The week of each patient, by week and program."""
        return [change for weeks in self.patient_weeks for change in weeks.of_each()]

    @property
    def patient_ids(self) -> frozenset[str]:
        """The patients whose conflicts or weeks it contains."""
        of_conflicts = {conflict.patient_id for conflict in self.conflicts if conflict.patient_id is not None}
        return frozenset(of_conflicts.union(*(weeks.patient_ids for weeks in self.patient_weeks)))


@dataclass(frozen=True, slots=True)
class ProgramGroup:
    """A group whose sessions count toward a program, with its rule set and size."""

    group: GroupDefinition
    rules: ComplianceRuleSet
    size: int


def is_live(session: Occurrence | None) -> bool:
    """Return whether there is a session, and it is not cancelled."""
    return session is not None and session.status != OccurrenceStatus.CANCELLED


def made_conflicts(
    after: Calendar, changes: Sequence[SessionChange], kinds: Iterable[ConflictKind]
) -> tuple[Conflict, ...]:
    """Return the conflicts of changed sessions that they did not have before.

    A conflict was there before if it was of the same kind, and between the same sessions for the same person or place.

    Args:
        after: The changed sessions that are not cancelled, and all that may have conflicts with them.
        changes: The changes.
        kinds: The kinds to look for.
    """
    ids = [change.after.id for change in changes]
    before = {_identity(conflict) for conflict in find_conflicts(_before(after, changes), kinds, ids)}
    return tuple(conflict for conflict in find_conflicts(after, kinds, ids) if _identity(conflict) not in before)


def changed_weeks(
    changes: Iterable[SessionChange], groups: Mapping[UUID, GroupDefinition], first_weekday: int
) -> dict[UUID, set[date]]:
    """Return the first days of the weeks in which a changed session was or is, by group. Others are left out."""
    weeks: dict[UUID, set[date]] = {}
    for change in changes:
        group = groups.get(change.after.group_definition_id)
        for session in (change.before, change.after):
            if group is not None and session is not None and is_live(session):
                # A session of another time zone may last beyond the group's midnight.
                for moment in (session.starts_at, session.ends_at - _INSTANT):
                    first_day = week_start(local_date(moment, group.time_zone), first_weekday)
                    weeks.setdefault(group.id, set()).add(first_day)
    return weeks


def compliance_changes(
    program: ProgramGroup, first_days: Collection[date], after: Mapping[UUID, Session], changes: Sequence[SessionChange]
) -> Iterator[ComplianceChange]:
    """Yield the weeks of a group that are not the same before and after changes, in order.

    Args:
        program: The group.
        first_days: The first days of the weeks to compare. There is at least one.
        after: The start and end of the group's sessions in and around the weeks that are not cancelled, by id.
        changes: The changes of the group's sessions.
    """
    before = dict(after)
    for change in changes:
        before.pop(change.after.id, None)
        if change.before is not None and is_live(change.before):
            before[change.before.id] = change.before.starts_at, change.before.ends_at
    # Each session is put into its week once: a change may be of two years of sessions.
    zone, first, last = program.group.time_zone, min(first_days), max(first_days)
    count = (last - first).days // 7 + 1
    by_week = [sessions_by_week(sessions.values(), first, count, zone) for sessions in (before, after)]
    for first_day in sorted(first_days):
        number = (first_day - first).days // 7
        was, becomes = (
            weekly_compliance(program.rules, first_day, zone, weeks[number], program.size) for weeks in by_week
        )
        if was != becomes:
            yield ComplianceChange(program.group.id, was, becomes)


def _before(after: Calendar, changes: Sequence[SessionChange]) -> Calendar:
    """Return the calendar with the changed sessions as they were. Patients who are expected now were expected then."""
    bookings, closures = dict(after.bookings), dict(after.closures)
    for change in changes:
        session = change.before
        bookings.pop(change.after.id, None)
        if session is not None and is_live(session):
            bookings[session.id] = _booking(session)
        if session is None or _day_and_place(session) != _day_and_place(change.after):
            closures.pop(change.after.id, None)
    return replace(after, bookings=bookings, closures=closures)


def _day_and_place(session: Occurrence) -> tuple[date, str | None]:
    return session.session_date, session.location_id


def _booking(session: Occurrence) -> Booking:
    return Booking(
        session.id,
        session.group_definition_id,
        session.session_date,
        session.time_zone,
        session.starts_at,
        session.ends_at,
        session.facilitator_id,
        session.co_facilitator_id,
        session.location_id,
    )


def _identity(conflict: Conflict) -> tuple[object, ...]:
    of_whom = conflict.staff_id, conflict.location_id, conflict.patient_id, conflict.closure_id
    return conflict.kind, frozenset(conflict.session_ids), *of_whom

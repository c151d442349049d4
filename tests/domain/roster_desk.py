"""A roster to which a test applies decisions."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.records import Enrollment, EnrollmentStatus
from domain.roster import Roster, enroll, settle
from domain.roster_changes import RosterChange

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
GROUP = uuid.UUID(int=1)
FIELD = ("input", "patientId")


class Desk:
    """Applies decisions to a roster, one after another."""

    def __init__(self, max_capacity: int) -> None:
        self.roster = Roster(GROUP, max_capacity, (), (), "America/Phoenix")
        self.records: dict[uuid.UUID, Enrollment] = {}
        self.now = NOW
        self._ids = 100
        self.limit = 200
        self.inactive: set[str] = set()

    def apply(self, change: RosterChange) -> RosterChange:
        for step in change.steps:
            assert self.records.get(step.after.id) == step.before
            self.records[step.after.id] = step.after
        active = [
            enrollment for enrollment in self.records.values() if enrollment.status != EnrollmentStatus.DISENROLLED
        ]
        waiting = [enrollment for enrollment in active if enrollment.status == EnrollmentStatus.WAITLISTED]
        self.roster = replace(
            self.roster,
            seated=tuple(enrollment for enrollment in active if enrollment.status == EnrollmentStatus.ENROLLED),
            waiting=tuple(sorted(waiting, key=lambda enrollment: enrollment.waitlist_position or 0)),
        )
        self._mark_inactive()
        self.now += timedelta(minutes=1)
        return change

    def enroll(self, patient: str) -> Enrollment:
        self._ids += 1
        return (
            self.apply(enroll(self.roster, uuid.UUID(int=self._ids), patient, self.now, FIELD, self.limit))
            .steps[0]
            .after
        )

    def deactivate(self, *patients: str) -> None:
        self.inactive |= {*patients}
        self._mark_inactive()

    def reactivate(self, *patients: str) -> RosterChange:
        self.inactive -= {*patients}
        self._mark_inactive()
        return self.apply(settle(self.roster, self.now))

    def _mark_inactive(self) -> None:
        self.roster = replace(self.roster, inactive_patients=frozenset(self.inactive & {*self.waiting()}))

    def waiting(self) -> list[str]:
        return [enrollment.patient_id for enrollment in self.roster.waiting]

    def seated(self) -> set[str]:
        return {enrollment.patient_id for enrollment in self.roster.seated}


def filled(max_capacity: int, *patients: str) -> Desk:
    desk = Desk(max_capacity)
    for patient in patients:
        desk.enroll(patient)
    return desk


def by_patient(desk: Desk, patient: str) -> Enrollment:
    return next(
        enrollment for enrollment in (*desk.roster.seated, *desk.roster.waiting) if enrollment.patient_id == patient
    )

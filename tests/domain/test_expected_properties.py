"""Who is expected at sessions, over random changes of a roster at random times."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.expected import is_expected
from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Refusal
from domain.reinstatement import Ending, reinstate
from domain.roster import disenroll, enroll, promote, remove, settle
from domain.stay_edits import edit_stay
from domain.stays import Stay, stay_faults
from domain.wall_time import local_date
from tests.domain.roster_desk import FIELD, NOW, Desk

ZONE = "America/Phoenix"
PATIENTS = ("ann", "bo", "cy", "di")


@dataclass
class Timeline:
    """A roster whose changes are remembered: who had a seat when.

    Attributes:
        desk: The roster.
        seats: Who had a seat from an instant on.
        ended: Each ended enrollment as it was before and after it ended.
    """

    desk: Desk
    seats: list[tuple[datetime, set[UUID]]] = field(default_factory=list)
    ended: dict[UUID, tuple[Enrollment, Enrollment]] = field(default_factory=dict)

    def note(self) -> None:
        moment = self.desk.now - timedelta(minutes=1)  # applying a change takes a minute
        self.seats.append((moment, {enrollment.id for enrollment in self.desk.roster.seated}))

    def undo(self, enrollment: Enrollment) -> None:
        """Let a patient have had the seat since it was taken back or, if the patient waits now, until then."""
        before, _ = self.ended[enrollment.id]
        if before.status != EnrollmentStatus.ENROLLED:
            return
        first = next(moment for moment, seated in self.seats if enrollment.id in seated)
        lost_at = enrollment.disenrolled_at
        assert lost_at is not None
        waits = self.desk.records[enrollment.id].status == EnrollmentStatus.WAITLISTED
        for moment, seated in self.seats:
            if (first <= moment < lost_at) if waits else (lost_at <= moment):
                seated.add(enrollment.id)

    def is_there(self, enrollment: Enrollment, starts_at: datetime, day: date) -> bool:
        had_seat = [moment for moment, seated in self.seats if enrollment.id in seated]
        if enrollment.deleted_at is not None or not had_seat:
            return False
        is_in_days = (enrollment.start_date or day) <= day <= (enrollment.end_date or day)
        if starts_at < min(had_seat):
            return is_in_days and enrollment.counts_from_start
        _, seated = max((row for row in self.seats if row[0] <= starts_at), key=lambda row: row[0])
        return is_in_days and enrollment.id in seated


_OFFSETS = st.none() | st.integers(-9, 9)
_PAIRS = st.tuples(_OFFSETS, _OFFSETS)
_STATUSES = {
    "leave": EnrollmentStatus.ENROLLED,
    "promote": EnrollmentStatus.WAITLISTED,
    "reinstate": EnrollmentStatus.DISENROLLED,
}


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Return a group of one or two seats after a few days of changes. In the beginning, it has a waitlist."""
    timeline = Timeline(Desk(draw(st.integers(1, 2))))
    desk = timeline.desk
    for number, patient in enumerate(PATIENTS[:3]):
        desk.apply(enroll(desk.roster, UUID(int=100 + number), patient, desk.now, FIELD, 200))
        timeline.note()
    for _ in range(draw(st.integers(1, 14))):
        desk.now += timedelta(minutes=draw(st.sampled_from([7, 200, 1500])))
        today = local_date(desk.now, ZONE)
        start, end = (None if days is None else today + timedelta(days=days) for days in draw(_PAIRS))
        action = draw(st.sampled_from(["leave", "reinstate", "edit", "enroll", "remove", "promote"]))
        try:
            if action != "enroll":
                _change(timeline, draw(st.sampled_from(_records(desk, action))), action, start, end)
            elif not stay_faults(Stay(start, end), today):
                id_, patient = UUID(int=100 + len(desk.records)), draw(st.sampled_from(PATIENTS))
                desk.apply(enroll(desk.roster, id_, patient, desk.now, FIELD, 200, Stay(start, end)))
        except Refusal:
            continue
        timeline.note()
    return timeline


def _records(desk: Desk, action: str) -> list[Enrollment]:
    """Return the enrollments for which an action makes sense, or all of them."""
    records = list(desk.records.values())
    return [record for record in records if record.status == _STATUSES.get(action)] or records


def _change(timeline: Timeline, record: Enrollment, action: str, start: date | None, end: date | None) -> None:
    desk, now = timeline.desk, timeline.desk.now
    if action == "promote":
        desk.apply(promote(desk.roster, record, now, allow_over_capacity=True))
    elif action == "edit":
        edits = {name: day for name, day in (("start_date", start), ("end_date", end)) if day is not None}
        desk.apply(edit_stay(record, edits, local_date(now, ZONE), now))
    elif action == "reinstate":
        before, after = timeline.ended.get(record.id, (record, record))
        removed_later = record.deleted_at is not None and record.deleted_at != record.disenrolled_at
        ending = Ending(removed_later, before.end_date if record.end_date == after.end_date else record.end_date)
        change = reinstate(
            desk.roster, record, ending, now, patient_is_active=True, allow_over_capacity=False, waitlist_limit=200
        )
        desk.apply(change)
        if not removed_later:
            timeline.note()
            timeline.undo(record)
    else:
        decided = (
            disenroll(desk.roster, record, None, now, end) if action == "leave" else remove(desk.roster, record, now)
        )
        desk.apply(decided)
        if record.status != EnrollmentStatus.DISENROLLED:
            timeline.ended[record.id] = record, desk.records[record.id]


def _sessions() -> Iterator[tuple[datetime, date]]:
    for hours in range(-10 * 24, 24 * 24, 5):
        starts_at = NOW + timedelta(hours=hours, minutes=3)
        yield starts_at, local_date(starts_at, ZONE)


@given(timelines())
def test_a_session_expects_who_has_a_seat_then_on_a_day_of_the_stay(timeline: Timeline) -> None:
    for enrollment in timeline.desk.records.values():
        for starts_at, day in _sessions():
            assert is_expected(enrollment, day, starts_at) == timeline.is_there(enrollment, starts_at, day), (
                enrollment,
                starts_at,
            )


@given(timelines())
def test_no_stay_ends_before_it_starts(timeline: Timeline) -> None:
    for enrollment in timeline.desk.records.values():
        assert enrollment.end_date is None or (enrollment.start_date or enrollment.end_date) <= enrollment.end_date


@given(timelines(), st.integers(1, 3))
def test_raising_the_capacity_expects_nobody_earlier(timeline: Timeline, seats: int) -> None:
    desk = timeline.desk
    before = dict(desk.records)
    desk.roster = replace(desk.roster, max_capacity=desk.roster.max_capacity + seats)
    moment = desk.now
    desk.apply(settle(desk.roster, moment))
    for id_, enrollment in desk.records.items():
        for starts_at, day in _sessions():
            if starts_at < moment:
                assert is_expected(enrollment, day, starts_at) == is_expected(before[id_], day, starts_at)

"""The impact of changes: the conflicts that they make, and the weeks of programs that they change."""

import sys
from dataclasses import replace
from datetime import date, time, timedelta
from types import FrameType
from typing import Any
from uuid import UUID

from domain.conflicts import Booking, Calendar, ConflictKind
from domain.records import GroupDefinition, GroupType, Occurrence, OccurrenceStatus, Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.schedule_impact import ProgramGroup, changed_weeks, compliance_changes, made_conflicts
from domain.session_changes import SessionChange
from domain.wall_time import instant
from tests.support.clinic import NOW

DAY = date(2026, 12, 1)
PHOENIX = "America/Phoenix"
SUNDAY = 6
GROUP = GroupDefinition(
    id=UUID(int=1),
    name="IOP",
    group_type=GroupType.IOP,
    facilitator_id="a",
    co_facilitator_id=None,
    location_id=None,
    time_zone=PHOENIX,
    max_capacity=8,
    min_capacity=None,
    duration_minutes=180,
    recurrence=None,
    version=1,
    created_at=NOW,
    updated_at=NOW,
    deleted_at=None,
)


def session(number: int, start: str, end: str, day: date = DAY, zone: str = PHOENIX, **values: Any) -> Occurrence:
    fields: dict[str, Any] = {
        "id": UUID(int=100 + number),
        "group_definition_id": UUID(int=number),
        "session_date": day,
        "start_time": time.fromisoformat(start),
        "end_time": time.fromisoformat(end),
        "time_zone": zone,
        "starts_at": instant(day, time.fromisoformat(start), zone),
        "ends_at": instant(day, time.fromisoformat(end), zone),
        "facilitator_id": "a",
        "co_facilitator_id": None,
        "location_id": None,
        "status": OccurrenceStatus.SCHEDULED,
        "cancellation_reason": None,
        "cancelled_at": None,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Occurrence(**{**fields, **values})


def calendar(*sessions: Occurrence) -> Calendar:
    names = list(Booking.__dataclass_fields__)[1:]
    return Calendar(
        {found.id: Booking(found.id, *(getattr(found, name) for name in names)) for found in sessions},
        closures={},
    )


def change(before: Occurrence | None, after: Occurrence) -> SessionChange:
    return SessionChange(before, after, (), ())


def cancelled(found: Occurrence) -> Occurrence:
    return replace(found, status=OccurrenceStatus.CANCELLED)


def made(after: Calendar, *changes: SessionChange) -> list[tuple[str, list[int]]]:
    conflicts = made_conflicts(after, changes, ConflictKind)
    return [(conflict.kind.value, [key.int - 100 for key in conflict.session_ids]) for conflict in conflicts]


def test_a_new_session_makes_all_of_its_conflicts() -> None:
    one, other = session(1, "09:00", "10:00"), session(2, "09:30", "10:30")
    assert made(calendar(one, other), change(None, other)) == [("FACILITATOR", [1, 2])]
    assert made(calendar(one, other), change(cancelled(other), other)) == [("FACILITATOR", [1, 2])]


def test_a_conflict_that_was_there_is_not_made() -> None:
    one, before, after = session(1, "09:00", "10:00"), session(2, "09:30", "10:30"), session(2, "09:15", "10:15")
    assert made(calendar(one, after), change(before, after)) == []


def test_a_conflict_of_another_person_is_made() -> None:
    one = session(1, "09:00", "10:00", co_facilitator_id="b")
    before, after = session(2, "09:30", "10:30"), session(2, "09:30", "10:30", facilitator_id="b")
    assert made(calendar(one, after), change(before, after)) == [("FACILITATOR", [1, 2])]


def test_sessions_that_move_together_make_no_conflict() -> None:
    before = session(1, "09:00", "10:00"), session(2, "09:30", "10:30")
    after = session(1, "13:00", "14:00"), session(2, "13:30", "14:30")
    assert made(calendar(*after), *map(change, before, after)) == []


def test_two_new_sessions_conflict_once() -> None:
    one, other = session(1, "09:00", "10:00"), session(2, "09:30", "10:30")
    assert made(calendar(one, other), change(None, one), change(None, other)) == [("FACILITATOR", [1, 2])]


def test_a_session_makes_a_conflict_with_a_closure_by_another_day_or_place() -> None:
    after = session(1, "09:00", "10:00", location_id="room")
    closed = replace(calendar(after), closures={after.id: [UUID(int=9)]})
    assert made(closed, change(session(1, "08:00", "09:00", location_id="room"), after)) == []
    assert made(closed, change(session(1, "09:00", "10:00"), after)) == [("CLOSURE", [1])]
    assert made(closed, change(replace(after, session_date=DAY - timedelta(days=1)), after)) == [("CLOSURE", [1])]


def test_a_move_changes_the_weeks_of_both_days_in_the_zone_of_the_group() -> None:
    sunday, saturday = date(2026, 12, 6), date(2026, 12, 5)
    before = session(1, "09:00", "10:00")
    # In Phoenix it is still Saturday.
    after = session(1, "00:30", "01:30", sunday, "America/New_York")
    assert changed_weeks([change(before, after)], {GROUP.id: GROUP}, SUNDAY) == {GROUP.id: {date(2026, 11, 29)}}
    late = session(1, "23:30", "23:59", saturday, "America/Los_Angeles")
    assert changed_weeks([change(None, late)], {GROUP.id: GROUP}, SUNDAY) == {
        GROUP.id: {sunday}  # it is Sunday in Phoenix
    }
    assert changed_weeks([change(cancelled(before), cancelled(before))], {GROUP.id: GROUP}, SUNDAY) == {}
    assert changed_weeks([change(None, after)], {}, SUNDAY) == {}


def test_a_week_that_is_the_same_is_no_change() -> None:
    rules = SHIPPED_RULE_SETS.of(Program.IOP, None)
    program, weeks = ProgramGroup(GROUP, rules, 0), [date(2026, 11, 29)]
    before, after = session(1, "09:00", "12:00"), session(1, "13:00", "16:00")
    times = {after.id: (after.starts_at, after.ends_at)}
    assert list(compliance_changes(program, weeks, times, [change(before, after)])) == []
    shorter = session(1, "13:00", "15:00")
    times = {shorter.id: (shorter.starts_at, shorter.ends_at)}
    [changed] = compliance_changes(program, weeks, times, [change(before, shorter)])
    assert (changed.before.hours, changed.after.hours) == (3.0, 2.0)
    [gone] = compliance_changes(program, weeks, {}, [change(before, cancelled(before))])
    assert (gone.before.days, gone.after.days) == (1, 0)


def test_weeks_far_apart_are_compared_each_with_its_own_sessions() -> None:
    program = ProgramGroup(GROUP, SHIPPED_RULE_SETS.of(Program.IOP, None), 0)
    near = session(1, "09:00", "12:00")
    far_day = DAY + timedelta(weeks=104)
    far = replace(
        session(2, "09:00", "12:00"),
        session_date=far_day,
        starts_at=near.starts_at + timedelta(weeks=104),
        ends_at=near.ends_at + timedelta(weeks=104),
    )
    weeks = {date(2026, 11, 29), date(2026, 12, 6), date(2026, 11, 29) + timedelta(weeks=104)}
    times = {far.id: (far.starts_at, far.ends_at)}
    changes = [change(near, cancelled(near)), change(None, far)]
    measured = list(compliance_changes(program, weeks, times, changes))
    assert [(change.before.week_start, change.before.hours, change.after.hours) for change in measured] == [
        (date(2026, 11, 29), 3.0, 0.0),
        (date(2026, 11, 29) + timedelta(weeks=104), 0.0, 3.0),
    ]


def test_the_work_for_a_series_grows_with_its_sessions_only() -> None:
    program, first_day = ProgramGroup(GROUP, SHIPPED_RULE_SETS.of(Program.IOP, None), 0), date(2026, 11, 29)

    def calls(count: int) -> int:
        weeks = [first_day + timedelta(weeks=number) for number in range(count)]
        sessions = [session(number, "09:00", "12:00", day) for number, day in enumerate(weeks)]
        changes = [change(None, after) for after in sessions]
        times = {after.id: (after.starts_at, after.ends_at) for after in sessions}
        counted = 0

        def count_call(_frame: FrameType, _event: str, _function: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count_call)
        try:
            measured = list(compliance_changes(program, weeks, times, changes))
        finally:
            sys.setprofile(None)
        assert len(measured) == count
        return counted

    calls(100)  # The midnights of these weeks are cached from now on.
    assert calls(100) < 2.2 * calls(50)

"""Properties of the plan and of reconciling a calendar with it, for any rules, edits, closures and zones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar_changes import KeepReason, OccurrenceAction
from domain.drift import drift
from domain.plan import Plan, plan_sessions
from domain.reconciliation import (
    Decision,
    additions,
    carry_out,
    difference,
)
from domain.records import GroupDefinition, GroupType, Occurrence, OccurrenceStatus
from domain.recurrence import Recurrence
from domain.session_drafts import session_instants, time_after
from domain.wall_time import instant

# The clocks of Denver and New York go back on 1 November 2026, and forward on 14 March 2027.
FIRST, LAST = date(2026, 10, 20), date(2026, 11, 20)
RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;BYDAY=TU,TH",
    "FREQ=WEEKLY;BYDAY=SU",
    "FREQ=DAILY;INTERVAL=2",
    "FREQ=DAILY;COUNT=5",
    "FREQ=DAILY;UNTIL=20261105",
)
ZONES = ("America/Phoenix", "America/Denver", "America/New_York", "Pacific/Apia", "UTC")
STARTS = (time(0), time(1, 30), time(2), time(9), time(13), time(22))
GROUP_ID = UUID(int=1)


@dataclass(frozen=True)
class Calendar:
    """A definition, the closed days, the sessions of the group, and the present instant."""

    group: GroupDefinition
    closed_days: frozenset[date]
    sessions: tuple[Occurrence, ...]
    now: datetime

    def difference(self, *, include_edited: bool = False) -> list[Decision]:
        return difference(self.plan, self.in_window, self.now, include_edited=include_edited)

    @property
    def plan(self) -> Plan:
        return plan_sessions(self.group, self.closed_days, FIRST, LAST)

    @property
    def in_window(self) -> list[Occurrence]:
        days = [(session.session_date, session.recurrence_date) for session in self.sessions]
        return [
            session
            for session, either in zip(self.sessions, days, strict=True)
            if any(day is not None and FIRST <= day <= LAST for day in either)
        ]

    def reconciled(self, *, include_edited: bool = False) -> "Calendar":
        return replace(self, sessions=carried_out(self, self.difference(include_edited=include_edited)))


def carried_out(calendar: Calendar, decisions: Iterable[Decision]) -> tuple[Occurrence, ...]:
    sessions = {session.id: session for session in calendar.sessions}
    for change in carry_out(decisions, GROUP_ID, uuid4, "no longer planned", calendar.now):
        if change is not None:
            sessions[change.after.id] = change.after
    return tuple(sessions.values())


def new_sessions(decisions: Iterable[Decision], now: datetime) -> list[Occurrence]:
    return [change.after for change in carry_out(decisions, GROUP_ID, uuid4, None, now) if change is not None]


def definitions() -> st.SearchStrategy[GroupDefinition]:
    recurrence = st.builds(
        Recurrence,
        st.sampled_from(RULES),
        st.dates(FIRST - timedelta(days=9), FIRST + timedelta(days=9)),
        st.sampled_from(STARTS),
        st.lists(st.dates(FIRST, LAST), max_size=4).map(lambda days: tuple(sorted(set(days)))),
    )
    return st.builds(
        lambda recurrence, zone, minutes, staff, co_staff, location: GroupDefinition(
            GROUP_ID,
            "Group",
            GroupType.THERAPY,
            staff,
            co_staff,
            location,
            zone,
            8,
            None,
            minutes,
            recurrence,
            1,
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC),
            None,
        ),
        recurrence | st.none(),
        st.sampled_from(ZONES),
        st.sampled_from((30, 60, 110)),
        st.sampled_from(("a", "b")),
        st.sampled_from((None, "c")),
        st.sampled_from((None, "room")),
    )


CLOSED = st.frozensets(st.dates(FIRST, LAST), max_size=4)
NOW = st.integers(0, 35 * 24).map(lambda hours: datetime(2026, 10, 18, tzinfo=UTC) + timedelta(hours=hours))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Draw a calendar that one definition made, that people edited since, and the definition that applies now."""
    made = plan_sessions(draw(definitions()), draw(CLOSED), FIRST - timedelta(days=3), LAST + timedelta(days=3))
    before = datetime(2026, 10, 1, tzinfo=UTC)
    sessions = new_sessions(additions(made, ()), before)
    sessions += [added(draw) for _ in range(draw(st.integers(0, 4)))]
    for index in draw(st.lists(st.integers(0, len(sessions) - 1), max_size=12)) if sessions else ():
        sessions[index] = edited(draw, sessions[index])
    return Calendar(draw(definitions()), draw(CLOSED), only_live_once(sessions), draw(NOW))


def added(draw: st.DrawFn) -> Occurrence:
    day, start, zone = draw(st.dates(FIRST, LAST)), draw(st.sampled_from(STARTS)), draw(st.sampled_from(ZONES))
    now = datetime(2026, 10, 1, tzinfo=UTC)
    end = time_after(start, 60)
    assert end is not None
    starts_at, ends_at = session_instants(day, start, end, zone)
    return Occurrence(
        uuid4(), GROUP_ID, day, start, end, zone, starts_at, ends_at, "a", None, None, OccurrenceStatus.SCHEDULED,
        None, None, 1, now, now,
    )  # fmt: skip


def edited(draw: st.DrawFn, session: Occurrence) -> Occurrence:
    change = draw(st.sampled_from(("move", "cancel", "complete", "staff")))
    if change == "cancel":
        now = session.updated_at
        status = OccurrenceStatus.CANCELLED
        return replace(session, status=status, cancelled_at=now, cancellation_reason="snow", edited=True)
    if change == "complete":
        return replace(session, status=OccurrenceStatus.COMPLETED, cancelled_at=None, cancellation_reason=None)
    if change == "staff":
        return replace(session, facilitator_id="z", edited=True)
    moved = added(draw)
    names = ("session_date", "start_time", "end_time", "starts_at", "ends_at", "time_zone")
    return replace(session, edited=True, **{name: getattr(moved, name) for name in names})


def only_live_once(sessions: Sequence[Occurrence]) -> tuple[Occurrence, ...]:
    """Leave out live sessions at a place that another one has, as the database does."""
    places: dict[object, Occurrence] = {}
    for session in sessions:
        live = session.status is not OccurrenceStatus.CANCELLED
        places.setdefault((session.session_date, session.start_time) if live else session.id, session)
    return tuple(places.values())


def assert_is_a_calendar(sessions: Iterable[Occurrence]) -> None:
    """Assert that no live session is at the place or fills the slot of another."""
    live = [session for session in sessions if session.status is not OccurrenceStatus.CANCELLED]
    places = [(session.session_date, session.start_time) for session in live]
    slots = [session.recurrence_date for session in live if session.recurrence_date]
    assert len(places) == len(set(places))
    assert len(slots) == len(set(slots))


def is_untouchable(calendar: Calendar, session: Occurrence, *, include_edited: bool) -> bool:
    return (
        session.starts_at <= calendar.now
        or session.status is not OccurrenceStatus.SCHEDULED
        or session.recurrence_date is None
        or (session.edited and not include_edited)
    )


@settings(max_examples=200, deadline=None)
@given(calendars(), st.booleans())
def test_a_second_reconciliation_changes_nothing(calendar: Calendar, include_edited: bool) -> None:
    after = calendar.reconciled(include_edited=include_edited)
    assert_is_a_calendar(after.sessions)
    decisions = after.difference(include_edited=include_edited)
    assert {decision.action for decision in decisions} <= {OccurrenceAction.KEEP}
    assert drift(after.plan, after.in_window, after.now) == []


@settings(max_examples=200, deadline=None)
@given(calendars(), st.booleans())
def test_past_ended_edited_and_added_sessions_are_untouched(calendar: Calendar, include_edited: bool) -> None:
    after = {session.id: session for session in calendar.reconciled(include_edited=include_edited).sessions}
    before = {session.id for session in calendar.sessions}
    for session in calendar.sessions:
        if is_untouchable(calendar, session, include_edited=include_edited):
            assert after[session.id] == session
    for session in after.values():
        if session.id not in before:
            assert session.starts_at > calendar.now
        elif session.status is OccurrenceStatus.SCHEDULED and session.starts_at <= calendar.now:
            assert session in calendar.sessions


@settings(max_examples=200, deadline=None)
@given(calendars(), st.booleans())
def test_a_slot_that_a_session_fills_or_filled_is_not_filled_again(calendar: Calendar, include_edited: bool) -> None:
    filled = {session.recurrence_date for session in calendar.sessions}
    for decision in calendar.difference(include_edited=include_edited):
        if decision.session is None:
            assert decision.planned is not None
            assert decision.planned.session_date not in filled


@settings(max_examples=200, deadline=None)
@given(calendars(), st.booleans())
def test_every_session_of_the_window_is_decided_once_in_order(calendar: Calendar, include_edited: bool) -> None:
    decisions = calendar.difference(include_edited=include_edited)
    ids = [decision.session.id for decision in decisions if decision.session]
    assert sorted(ids) == sorted(session.id for session in calendar.in_window)
    after = [decision.planned or decision.session for decision in decisions]
    places = [(session.session_date, session.start_time) for session in after if session]
    assert places == sorted(places)
    assert all((decision.action is OccurrenceAction.KEEP) == bool(decision.keep_reason) for decision in decisions)


@settings(max_examples=200, deadline=None)
@given(calendars())
def test_the_free_slots_of_the_future_are_filled_as_planned(calendar: Calendar) -> None:
    after = calendar.reconciled(include_edited=True)
    live = {
        session.recurrence_date: session
        for session in after.sessions
        if session.status is not OccurrenceStatus.CANCELLED
    }
    kept = {
        decision.session.recurrence_date: decision.keep_reason
        for decision in after.difference()
        if decision.session is not None and decision.session.recurrence_date is not None
    }
    # A session that was added, or moved from a slot outside of the window, may stand in a slot.
    places = {(session.session_date, session.start_time) for session in after.sessions}
    for day, planned in after.plan.sessions.items():
        if kept.get(day) is KeepReason.UNCHANGED:
            session = live[day]
            assert (session.start_time, session.end_time, session.time_zone) == (
                planned.start_time,
                planned.end_time,
                planned.time_zone,
            )
            assert session.starts_at == instant(day, session.start_time, session.time_zone)
        elif day not in kept:
            assert planned.starts_at <= after.now or (day, planned.start_time) in places


@settings(max_examples=200, deadline=None)
@given(calendars())
def test_generating_adds_what_reconciling_finds_missing_and_nothing_twice(calendar: Calendar) -> None:
    plan, sessions = calendar.plan, calendar.in_window
    new = new_sessions(additions(plan, sessions), calendar.now)
    assert_is_a_calendar([*calendar.sessions, *new])
    assert additions(plan, [*sessions, *new]) == []
    created = {
        decision.planned.session_date
        for decision in calendar.difference()
        if decision.session is None and decision.planned
    }
    future = {session.session_date for session in new if session.starts_at > calendar.now}
    assert future <= created


@settings(max_examples=100, deadline=None)
@given(definitions(), CLOSED, st.dates(FIRST, LAST))
def test_the_plans_of_two_halves_are_the_plan_of_the_whole(
    group: GroupDefinition, closed_days: frozenset[date], middle: date
) -> None:
    whole = plan_sessions(group, closed_days, FIRST, LAST)
    first = plan_sessions(group, closed_days, FIRST, middle)
    second = plan_sessions(group, closed_days, middle + timedelta(days=1), LAST)
    assert whole.sessions == {**first.sessions, **second.sessions}
    assert whole.closed_dates == first.closed_dates + second.closed_dates
    assert not whole.sessions.keys() & closed_days

"""Conflicts: sessions that overlap and share what can only be in one place."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conflicts import Booking, Calendar, Conflict, ConflictKind, by_session, find_conflicts
from domain.wall_time import instant

DAY = date(2026, 12, 1)
PHOENIX = "America/Phoenix"


def booking(number: int, start: str, end: str, day: date = DAY, zone: str = PHOENIX, **values: Any) -> Booking:
    """Return a session that needs nothing that another one needs too, except for the given values."""
    fields: dict[str, Any] = {
        "session_id": UUID(int=number),
        "group_definition_id": UUID(int=1000 + number),
        "session_date": day,
        "time_zone": zone,
        "starts_at": instant(day, time.fromisoformat(start), zone),
        "ends_at": instant(day, time.fromisoformat(end), zone),
        "facilitator_id": f"staff-{number}",
        "co_facilitator_id": None,
        "location_id": None,
    }
    return Booking(**{**fields, **values})


def calendar(*bookings: Booking, patients: dict[int, list[str]] | None = None) -> Calendar:
    """Return a calendar. `patients` are the patients by the number of the session at which they are expected."""
    attendances = {
        UUID(int=number): {patient: UUID(int=2000 + number) for patient in of_session}
        for number, of_session in (patients or {}).items()
    }
    return Calendar({booking.session_id: booking for booking in bookings}, attendances)


def summaries(conflicts: Iterable[Conflict]) -> list[tuple[str, tuple[int, ...]]]:
    return [(conflict.kind.value, tuple(key.int for key in conflict.session_ids)) for conflict in conflicts]


def test_a_facilitator_conflicts_in_either_role() -> None:
    led = booking(1, "09:00", "10:00", facilitator_id="a")
    co_led = booking(2, "09:30", "10:30", co_facilitator_id="a")
    co_led_too = booking(3, "09:59", "11:00", co_facilitator_id="a")
    conflicts = list(find_conflicts(calendar(led, co_led, co_led_too)))
    assert summaries(conflicts) == [("FACILITATOR", (1, 2)), ("FACILITATOR", (1, 3)), ("FACILITATOR", (2, 3))]
    assert {conflict.staff_id for conflict in conflicts} == {"a"}


def test_two_people_of_two_sessions_are_two_conflicts() -> None:
    one = booking(1, "09:00", "10:00", facilitator_id="a", co_facilitator_id="b")
    other = booking(2, "09:00", "10:00", facilitator_id="b", co_facilitator_id="a")
    conflicts = list(find_conflicts(calendar(one, other)))
    assert [conflict.staff_id for conflict in conflicts] == ["a", "b"]


def test_a_conflict_lasts_as_long_as_the_overlap() -> None:
    around = booking(1, "09:00", "12:00", location_id="room")
    within = booking(2, "10:00", "10:45", location_id="room")
    [conflict] = find_conflicts(calendar(around, within))
    assert (conflict.kind, conflict.location_id) == (ConflictKind.LOCATION, "room")
    assert (conflict.starts_at, conflict.ends_at) == (within.starts_at, within.ends_at)
    assert conflict.message == "Two sessions are in the same room at once on Dec 1, from 10:00 AM to 10:45 AM."


def test_sessions_at_a_site_without_a_room_do_not_conflict() -> None:
    sessions = {number: booking(number, "09:00", "10:00", location_id="site") for number in (1, 2)}
    at_site = Calendar({one.session_id: one for one in sessions.values()}, sites=frozenset({"site"}))
    assert not list(find_conflicts(at_site))


def test_sessions_back_to_back_do_not_conflict() -> None:
    same: dict[str, Any] = {"facilitator_id": "a", "location_id": "room"}
    first, second = booking(1, "09:00", "10:00", **same), booking(2, "10:00", "11:00", **same)
    assert not list(find_conflicts(calendar(first, second, patients={1: ["p"], 2: ["p"]})))


@pytest.mark.parametrize(("denver", "clashes"), [("09:00", False), ("10:00", True), ("11:00", False)])
def test_sessions_of_two_zones_conflict_by_instants(denver: str, clashes: bool) -> None:
    # In July the clocks of Denver are an hour ahead of those of Phoenix.
    summer = date(2026, 7, 1)
    here = booking(1, "09:00", "10:00", summer, facilitator_id="a")
    end = f"{int(denver[:2]) + 1:02}:00"
    there = booking(2, denver, end, summer, "America/Denver", facilitator_id="a")
    assert bool(list(find_conflicts(calendar(here, there)))) == clashes


def test_sessions_of_two_dates_conflict_across_the_date_line() -> None:
    evening = booking(1, "22:00", "23:00", date(2026, 12, 1), "Pacific/Pago_Pago", facilitator_id="a")
    morning = booking(2, "23:00", "23:59", date(2026, 12, 2), "Pacific/Kiritimati", facilitator_id="a")
    assert evening.starts_at == morning.starts_at
    assert summaries(find_conflicts(calendar(evening, morning))) == [("FACILITATOR", (1, 2))]


def test_sessions_in_the_hour_that_occurs_twice_conflict() -> None:
    # On 1 November the hour from 1:00 occurs twice in Denver; wall-clock times are those of the first.
    autumn = date(2026, 11, 1)
    before = booking(1, "01:30", "02:30", autumn, "America/Denver", facilitator_id="a")
    assert before.ends_at - before.starts_at == timedelta(hours=2)
    during = booking(2, "01:00", "01:15", autumn, facilitator_id="a")
    assert summaries(find_conflicts(calendar(before, during))) == [("FACILITATOR", (1, 2))]


def test_a_patient_conflicts_once_for_each_pair() -> None:
    sessions = [booking(1, "09:00", "10:00"), booking(2, "09:30", "10:30"), booking(3, "13:00", "14:00")]
    conflicts = list(find_conflicts(calendar(*sessions, patients={1: ["p", "q"], 2: ["q", "r"], 3: ["q"]})))
    assert summaries(conflicts) == [("PATIENT", (1, 2))]
    assert conflicts[0].patient_id == "q"
    assert "q" not in conflicts[0].message.split()


def test_two_sessions_of_one_group_are_one_conflict() -> None:
    same: dict[str, Any] = {"group_definition_id": UUID(int=7), "facilitator_id": "a", "location_id": "room"}
    one, other = booking(1, "09:00", "10:30", **same), booking(2, "10:00", "11:30", **same)
    conflicts = list(find_conflicts(calendar(one, other, patients={1: ["p"], 2: ["p"]})))
    assert summaries(conflicts) == [("GROUP", (1, 2))]
    assert conflicts[0].message == "Two sessions of the same group overlap on Dec 1, from 10:00 AM to 10:30 AM."


def test_only_the_kinds_and_sessions_that_are_asked_for_are_compared() -> None:
    same: dict[str, Any] = {"facilitator_id": "a", "location_id": "room"}
    sessions = calendar(*(booking(number, "09:00", "10:00", **same) for number in (1, 2, 3)))
    assert summaries(find_conflicts(sessions, [ConflictKind.LOCATION], [UUID(int=3)])) == [
        ("LOCATION", (1, 3)),
        ("LOCATION", (2, 3)),
    ]
    assert not list(find_conflicts(sessions, [], None))


def test_conflicts_are_known_by_each_of_their_sessions() -> None:
    same: dict[str, Any] = {"facilitator_id": "a"}
    conflicts = find_conflicts(calendar(*(booking(number, "09:00", "10:00", **same) for number in (1, 2, 3))))
    of_sessions = by_session(conflicts)
    assert {key.int: summaries(found) for key, found in of_sessions.items()} == {
        1: [("FACILITATOR", (1, 2)), ("FACILITATOR", (1, 3))],
        2: [("FACILITATOR", (1, 2)), ("FACILITATOR", (2, 3))],
        3: [("FACILITATOR", (1, 3)), ("FACILITATOR", (2, 3))],
    }


START = datetime(2026, 3, 8, 7, tzinfo=UTC)
names = st.sampled_from(["a", "b", "c"])


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    bookings: dict[UUID, Booking] = {}
    attendances: dict[UUID, dict[str, UUID]] = {}
    for number in range(draw(st.integers(0, 8))):
        starts_at = START + timedelta(minutes=draw(st.integers(0, 12)) * 15)
        ends_at = starts_at + timedelta(minutes=draw(st.integers(1, 5)) * 15)
        people = draw(st.lists(names, min_size=1, max_size=2, unique=True))
        key = UUID(int=draw(st.integers(1, 50)))
        bookings[key] = Booking(
            key,
            UUID(int=draw(st.integers(1, 4))),
            starts_at.date(),
            "UTC",
            starts_at,
            ends_at,
            people[0],
            people[1] if len(people) > 1 else None,
            draw(st.none() | names),
        )
        attendances[key] = {patient: UUID(int=number * 10 + ord(patient)) for patient in draw(st.sets(names))}
    return Calendar(bookings, attendances)


def brute_force(everything: Calendar) -> set[tuple[str, frozenset[UUID], str]]:
    """Return the kind, the sessions and the subject of each conflict, by comparing all pairs."""
    conflicts: set[tuple[str, frozenset[UUID], str]] = set()
    for one, other in combinations(everything.bookings.values(), 2):
        if one.starts_at >= other.ends_at or other.starts_at >= one.ends_at:
            continue
        pair = frozenset({one.session_id, other.session_id})
        if one.group_definition_id == other.group_definition_id:
            conflicts.add(("GROUP", pair, ""))
            continue
        people = [{session.facilitator_id, session.co_facilitator_id} - {None} for session in (one, other)]
        conflicts |= {("FACILITATOR", pair, str(person)) for person in people[0] & people[1]}
        if one.location_id is not None and one.location_id == other.location_id:
            conflicts.add(("LOCATION", pair, one.location_id))
        patients = everything.attendances[one.session_id].keys() & everything.attendances[other.session_id].keys()
        conflicts |= {("PATIENT", pair, patient) for patient in patients}
    return conflicts


@given(calendars())
def test_exactly_the_overlapping_pairs_that_share_a_need_conflict(everything: Calendar) -> None:
    conflicts = list(find_conflicts(everything))
    found = [
        (
            conflict.kind.value,
            frozenset(conflict.session_ids),
            conflict.staff_id or conflict.location_id or conflict.patient_id or "",
        )
        for conflict in conflicts
    ]
    assert len(found) == len(set(found))
    assert set(found) == brute_force(everything)


@given(calendars())
def test_conflicts_are_ordered_by_keys_that_tell_them_apart(everything: Calendar) -> None:
    conflicts = list(find_conflicts(everything))
    keys = [conflict.key for conflict in conflicts]
    assert keys == sorted(set(keys))
    for conflict in conflicts:
        sessions = [everything.bookings[key] for key in conflict.session_ids]
        assert conflict.starts_at == max(session.starts_at for session in sessions)
        assert conflict.ends_at == min(session.ends_at for session in sessions)
        assert conflict.starts_at < conflict.ends_at

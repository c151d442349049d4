"""The statements find every session that has a conflict, and the rule for expected patients in SQL is the domain's."""

import random
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.queries.conflicts import calendar_of_days, calendar_of_group, calendar_of_sessions
from db.sql.closures import CLOSURES_OF_WINDOW, placed_closure, window_parameters
from db.sql.expected import is_expected as is_expected_in_sql
from db.sql.expected import is_expected_within, within
from db.sql.rows import ENROLLMENT_COLUMNS, OCCURRENCE_COLUMNS, enrollment_record, occurrence_record
from db.sql.statement import Statement, of_organization
from db.tables import closures, enrollments, occurrences
from db.transactions.snapshots import Snapshot, snapshot
from domain.closures import PlacedClosure
from domain.conflicts import Booking, Calendar, Conflict, ConflictKind, find_conflicts
from domain.expected import is_expected
from domain.records import Enrollment, Location, Occurrence
from domain.wall_time import instant
from tests.support.clinic import NOW, OURS, THEIRS, seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

DAY: Final = date(2026, 11, 24)
ZONES: Final = ("America/Phoenix", "Pacific/Pago_Pago", "Pacific/Kiritimati")
ALL: Final = frozenset(ConflictKind)
PLACES: Final = {
    "phoenix": Location("phoenix", "Phoenix", "Room 1", "America/Phoenix", active=True),
    "denver": Location("denver", "Denver", None, "America/Denver", active=True),
}
PATIENTS: Final = [f"patient-{number}" for number in range(1, 7)]


async def _grow(engine: Database, chance: random.Random) -> list[UUID]:
    """Store a small clinic whose sessions often overlap, and the same in another organization. Return our groups."""
    ours: list[UUID] = []
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
        groups = [await add_group(engine, f"Group {number}", organization) for number in range(4)]
        ours = ours or groups
        await _insert(engine, occurrences, [_session(chance, organization, chance.choice(groups)) for _ in range(60)])
        seats = [
            _enrollment(chance, organization, group, patient)
            for group in groups
            for patient in chance.sample(PATIENTS, 5)
        ]
        await _insert(engine, enrollments, seats)
        closed: list[dict[str, Any]] = [
            {"from_date": DAY},
            {"location_id": "phoenix"},
            {"location_id": "denver", "through_date": DAY},
        ]
        await _insert(engine, closures, [_closure(organization, **values) for values in closed])
    return ours


def _closure(organization: str, **values: Any) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "organization_id": organization,
        "name": "Holiday",
        "from_date": DAY - timedelta(days=1),
        "through_date": DAY + timedelta(days=1),
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
        **values,
    }


async def _insert(engine: Database, table: Any, rows: list[dict[str, Any]]) -> None:
    async with engine.begin() as connection:
        for row in rows:  # one at a time: a repeated slot of a group is left out
            async with connection.begin_nested() as savepoint:
                try:
                    await connection.execute(insert(table).values(row))
                except IntegrityError:
                    await savepoint.rollback()


def _session(chance: random.Random, organization: str, group: UUID) -> dict[str, Any]:
    day, zone = DAY + timedelta(days=chance.randint(-4, 4)), chance.choice(ZONES)
    start = time(chance.randint(0, 20), chance.choice((0, 30)))
    end = time(start.hour + chance.randint(1, 3), start.minute)
    people = chance.sample(["staff-1", "staff-2"], 2)
    return {
        "id": uuid7(),
        "organization_id": organization,
        "group_definition_id": group,
        "session_date": day,
        "start_time": start,
        "end_time": end,
        "time_zone": zone,
        "starts_at": instant(day, start, zone),
        "ends_at": instant(day, end, zone),
        "facilitator_id": people[0],
        "co_facilitator_id": chance.choice((people[1], None)),
        "location_id": chance.choice(("phoenix", "denver", None)),
        **chance.choice(
            (
                {"status": "SCHEDULED"},
                {"status": "COMPLETED"},
                {"status": "CANCELLED", "cancelled_at": NOW, "cancellation_reason": "snow"},
            )
        ),
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


def _enrollment(chance: random.Random, organization: str, group: UUID, patient: str) -> dict[str, Any]:
    enrolled_at = NOW + timedelta(hours=chance.randint(-100, 50))
    disenrolled_at = enrolled_at + timedelta(hours=chance.randint(0, 100))
    left: dict[str, Any] = {"status": "DISENROLLED", "disenrolled_at": disenrolled_at}
    return {
        "id": uuid7(),
        "organization_id": organization,
        "group_definition_id": group,
        "patient_id": patient,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "start_date": chance.choice((None, None, DAY + timedelta(days=chance.randint(-6, 2)))),
        "end_date": chance.choice((None, None, DAY + timedelta(days=chance.randint(-2, 6)))),
        "counts_from_start": chance.choice((True, False)),
        **chance.choice(
            (
                *({"status": "ENROLLED", "enrolled_at": enrolled_at} for _ in range(4)),
                {"enrolled_at": enrolled_at, **left},
                {"enrolled_at": None, **left},
                {"enrolled_at": enrolled_at, **left, "deleted_at": disenrolled_at},
                {"status": "WAITLISTED", "waitlisted_at": NOW, "waitlist_position": 1},
            )
        ),
    }


async def _everything(reader: Snapshot) -> tuple[list[Occurrence], list[Enrollment]]:
    sessions = await reader.fetch(Statement(select(*OCCURRENCE_COLUMNS).where(of_organization(occurrences))), {})
    seats = await reader.fetch(Statement(select(*ENROLLMENT_COLUMNS).where(of_organization(enrollments))), {})
    return [occurrence_record(row) for row in sessions], [enrollment_record(row) for row in seats]


def _calendar(
    sessions: Iterable[Occurrence], seats: list[Enrollment], placed_closures: Sequence[PlacedClosure]
) -> Calendar:
    """Return all live sessions, and all patients and closures that they have by the domain's rules."""
    live = [session for session in sessions if session.status != "CANCELLED"]
    bookings = [
        Booking(
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
        for session in live
    ]
    attendances = {
        session.id: {
            seat.patient_id: seat.id
            for seat in seats
            if seat.group_definition_id == session.group_definition_id
            and is_expected(seat, session.session_date, session.starts_at)
        }
        for session in live
    }
    closed = {
        session.id: [
            placed.closure.id
            for placed in placed_closures
            if placed.closure.from_date <= session.session_date <= placed.closure.through_date
            and placed.closes(None if session.location_id is None else PLACES[session.location_id])
        ]
        for session in live
    }
    return Calendar({booking.session_id: booking for booking in bookings}, attendances, closed, frozenset({"denver"}))


async def _closures(reader: Snapshot) -> list[PlacedClosure]:
    rows = await reader.fetch(CLOSURES_OF_WINDOW, window_parameters(DAY - timedelta(days=9), DAY + timedelta(days=9)))
    return list(map(placed_closure, rows))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kinds", [ALL, *(frozenset({kind}) for kind in ConflictKind)])
async def test_the_statements_find_every_conflict(
    engine: Database, number: int, kinds: frozenset[ConflictKind]
) -> None:
    chance = random.Random(number)
    groups = await _grow(engine, chance)
    async with snapshot(engine, OURS) as reader:
        sessions, seats = await _everything(reader)
        everything = _calendar(sessions, seats, await _closures(reader))
        conflicts = list(find_conflicts(everything, kinds))
        assert conflicts

        days = [session.id for session in sessions if DAY <= session.session_date <= DAY + timedelta(days=1)]
        found = await calendar_of_days(reader, DAY, DAY + timedelta(days=1), kinds)
        assert list(find_conflicts(found, kinds, days)) == _among(conflicts, days)

        some = chance.sample([session.id for session in sessions], 12)
        found = await calendar_of_sessions(reader, some, kinds)
        assert list(find_conflicts(found, kinds, some)) == _among(conflicts, some)
        assert found.bookings.keys() <= everything.bookings.keys()

        of_group = [session.id for session in sessions if session.group_definition_id == groups[0]]
        window = DAY - timedelta(days=9), DAY + timedelta(days=9)
        found = await calendar_of_group(reader, groups[0], *window, kinds)
        assert list(find_conflicts(found, kinds, of_group)) == _among(conflicts, of_group)


def _among(conflicts: list[Conflict], sessions: list[UUID]) -> list[Conflict]:
    return [conflict for conflict in conflicts if set(conflict.session_ids) & set(sessions)]


@pytest.mark.parametrize("number", range(3))
async def test_the_rule_for_expected_patients_is_the_same_in_sql(engine: Database, number: int) -> None:
    await _grow(engine, random.Random(number))
    pairs = Statement(
        select(enrollments.c.id, occurrences.c.id).where(
            of_organization(enrollments),
            of_organization(occurrences),
            is_expected_in_sql(enrollments, occurrences),
        )
    )
    of_days = Statement(select(enrollments.c.id).where(of_organization(enrollments), is_expected_within(enrollments)))
    async with snapshot(engine, OURS) as reader:
        sessions, seats = await _everything(reader)
        expected = {
            (seat.id, session.id)
            for seat in seats
            for session in sessions
            if is_expected(seat, session.session_date, session.starts_at)
        }
        assert expected
        assert {tuple(row) for row in await reader.fetch(pairs, {})} == expected
        for session in sessions:
            day = session.session_date
            possible = {row[0] for row in await reader.fetch(of_days, within(day, day))}
            assert {seat for seat, of_session in expected if of_session == session.id} <= possible


async def test_sessions_that_touch_are_not_read(engine: Database) -> None:
    await seed(engine)
    groups = [await add_group(engine, f"Group {number}") for number in range(2)]
    chance = random.Random(1)
    rows = [
        _session(chance, OURS, group)
        | {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "session_date": DAY,
            "start_time": time(hour),
        }
        | {"end_time": time(hour + 1), "facilitator_id": "staff-1", "co_facilitator_id": None, "location_id": "phoenix"}
        | {"status": "SCHEDULED", "cancelled_at": None, "cancellation_reason": None}
        for group, hour in zip(groups, (9, 10), strict=True)
        for starts_at in [instant(DAY, time(hour), ZONES[0])]
    ]
    await _insert(engine, occurrences, rows)
    async with snapshot(engine, OURS) as reader:
        assert not (await calendar_of_days(reader, DAY, DAY, ALL)).bookings
        assert len((await calendar_of_sessions(reader, [rows[0]["id"]], ALL)).bookings) == 1

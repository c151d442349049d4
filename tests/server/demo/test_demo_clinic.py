"""The demo clinic: its data, and that it is reproducible and created completely or not at all."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count as count_from
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, Select, Table, func, insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.registry.records import PATIENTS, patient_update, store_updates
from db.tables import (
    audit_log,
    closures,
    enrollments,
    group_definitions,
    locations,
    metadata,
    occurrences,
    outbox,
    patients,
    staff_members,
)
from db.transactions.all_organizations import reading_all, writing_all
from domain.compliance import ComplianceStatus, weekly_compliance
from domain.records import GroupType, Patient, Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.search_text import search_words
from domain.weeks import week_start
from resolvers.caller import ROLES
from resolvers.context import Clinic
from server.demo.clinic import (
    DEMO_ORGANIZATION,
    DEMO_PEOPLE,
    DatabaseNotEmpty,
    DemoSummary,
    fill_demo_clinic,
)
from tests.support.databases import operator_of, until_a_backend_waits
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

MONDAY = date(2026, 11, 23)
SUNDAY_STARTS = 6
UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def clinic_at(engine: Database, day: date = MONDAY, first_weekday: int = SUNDAY_STARTS) -> Clinic:
    noon_in_phoenix = datetime(day.year, day.month, day.day, 19, tzinfo=UTC)
    return Clinic(engine, lambda: noon_in_phoenix, uuid7, "America/Phoenix", first_weekday)


async def rows(engine: Database, query: Select[Any]) -> list[Row[Any]]:
    async with engine.connect() as connection:
        return list(await connection.execute(query))


async def count(engine: Database, table: Table) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def is_empty(engine: Database) -> bool:
    return not any([await count(engine, table) for table in metadata.sorted_tables])


async def seats(engine: Database) -> dict[str, Counter[str]]:
    """Return the number of enrollments of each status by the name of the group."""
    seats_by_group: dict[str, Counter[str]] = {
        group.name: Counter() for group in await rows(engine, select(group_definitions.c.name))
    }
    query = select(group_definitions.c.name, enrollments.c.status).join(
        enrollments, enrollments.c.group_definition_id == group_definitions.c.id
    )
    for enrollment in await rows(engine, query):
        seats_by_group[enrollment.name][enrollment.status] += 1
    return seats_by_group


async def compliance_this_week(
    engine: Database, today: date, first_weekday: int
) -> Counter[tuple[str, ComplianceStatus]]:
    statuses: Counter[tuple[str, ComplianceStatus]] = Counter()
    programs = await rows(engine, select(group_definitions).where(group_definitions.c.group_type.in_(list(Program))))
    for group in programs:
        sessions = await rows(
            engine,
            select(occurrences.c.starts_at, occurrences.c.ends_at).where(
                occurrences.c.group_definition_id == group.id, occurrences.c.status != "CANCELLED"
            ),
        )
        week = weekly_compliance(
            SHIPPED_RULE_SETS.of(Program(group.group_type), None),
            week_start(today, first_weekday),
            group.time_zone,
            [(session.starts_at, session.ends_at) for session in sessions],
        )
        statuses[(group.group_type, week.status)] += 1
    return statuses


async def test_the_history_is_complete_even_if_filling_takes_long(engine: Database) -> None:
    ticks = count_from(1)
    start = datetime(2026, 11, 23, 19, tzinfo=UTC)
    clinic = replace(clinic_at(operator_of(engine)), clock=lambda: start + timedelta(milliseconds=next(ticks)))
    await fill_demo_clinic(clinic)
    await assert_invariants(engine)


async def test_the_clinic_has_staff_locations_and_patients(engine: Database) -> None:
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))

    staff = await rows(engine, select(staff_members))
    rooms = await rows(engine, select(locations))
    people = await rows(engine, select(patients))
    assert len(staff) == 15
    assert all(member.credentials for member in staff)
    assert len({room.site for room in rooms}) == 4
    assert all(room.room for room in rooms)
    assert {room.time_zone for room in rooms} == {"America/Phoenix", "America/Denver"}
    assert len(people) == 120
    assert len({person.display_name for person in people}) == 120
    assert 1 <= sum(not person.active for person in people) <= 20
    assert all(person.medical_record_number.startswith("DEMO-") for person in people)
    assert (summary.staff, summary.locations, summary.patients) == (15, len(rooms), 120)


async def test_patients_staff_and_locations_are_found_by_search(engine: Database) -> None:
    await fill_demo_clinic(clinic_at(operator_of(engine)))

    for person in await rows(engine, select(patients)):
        for word in search_words(f"{person.display_name} {person.medical_record_number}"):
            assert word in person.search_text
    for member in await rows(engine, select(staff_members)):
        assert member.display_name.lower() in member.search_text
    for room in await rows(engine, select(locations)):
        assert all(word in room.search_text for word in search_words(room.site))


async def test_the_clinic_has_groups_of_every_type(engine: Database) -> None:
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))

    groups = await rows(engine, select(group_definitions))
    assert len(groups) == summary.groups == 12
    living = [group for group in groups if group.deleted_at is None]
    assert {group.group_type for group in living} == {group_type.value for group_type in GroupType}
    assert len(groups) - len(living) == 1
    assert all(group.recurrence_rule for group in groups)


async def test_one_group_each_is_full_over_capacity_and_below_minimum(engine: Database) -> None:
    await fill_demo_clinic(clinic_at(operator_of(engine)))

    counts = await seats(engine)
    living = [group for group in await rows(engine, select(group_definitions)) if group.deleted_at is None]
    full = [group.name for group in living if counts[group.name]["ENROLLED"] == group.max_capacity]
    with_waitlist = [group.name for group in living if counts[group.name]["WAITLISTED"]]
    over = [group.name for group in living if counts[group.name]["ENROLLED"] > group.max_capacity]
    below = [group.name for group in living if counts[group.name]["ENROLLED"] < group.min_capacity]
    assert full == with_waitlist == ["Grief and Loss"]
    assert over == ["Understanding Anxiety"]
    assert below == ["Family Support Circle"]


async def test_inactive_patients_are_not_enrolled(engine: Database) -> None:
    await fill_demo_clinic(clinic_at(operator_of(engine)))

    enrolled = await rows(
        engine, select(enrollments, patients.c.active).join(patients, enrollments.c.patient_id == patients.c.id)
    )
    assert all(enrollment.active for enrollment in enrolled)
    waiting = [enrollment.waitlist_position for enrollment in enrolled if enrollment.status == "WAITLISTED"]
    assert sorted(waiting) == [1, 2, 3]
    assert all(enrollment.disenrollment_reason for enrollment in enrolled if enrollment.status == "DISENROLLED")


@pytest.mark.parametrize("ahead", range(7))
async def test_sessions_span_eight_weeks_before_and_after_today(engine: Database, ahead: int) -> None:
    today = MONDAY + timedelta(days=ahead)
    summary = await fill_demo_clinic(clinic_at(operator_of(engine), today))

    sessions = await rows(engine, select(occurrences))
    days = [session.session_date for session in sessions]
    assert min(days) == today - timedelta(weeks=8)
    assert max(days) == today + timedelta(weeks=8)
    cancelled = [session for session in sessions if session.status == "CANCELLED"]
    assert 3 <= len(cancelled) <= 10
    assert all(session.cancellation_reason for session in cancelled)
    assert min(session.session_date for session in cancelled) < today < max(s.session_date for s in cancelled)
    assert len(sessions) == summary.sessions
    assert len(cancelled) == summary.cancelled_sessions


@pytest.mark.parametrize("ahead", range(7))
async def test_each_program_has_a_compliant_and_a_noncompliant_group(engine: Database, ahead: int) -> None:
    today = MONDAY + timedelta(days=ahead)
    await fill_demo_clinic(clinic_at(operator_of(engine), today))

    for first_weekday in range(7):
        assert await compliance_this_week(engine, today, first_weekday) == {
            ("IOP", ComplianceStatus.COMPLIANT): 1,
            ("IOP", ComplianceStatus.NON_COMPLIANT): 1,
            ("PHP", ComplianceStatus.COMPLIANT): 1,
            ("PHP", ComplianceStatus.NON_COMPLIANT): 1,
        }


async def test_rooms_and_facilitators_are_not_double_booked(engine: Database) -> None:
    await fill_demo_clinic(clinic_at(operator_of(engine)))

    sessions = sorted(await rows(engine, select(occurrences)), key=lambda session: session.starts_at)
    free_at: dict[str, datetime] = {}
    for session in sessions:
        for booked in {session.facilitator_id, session.co_facilitator_id, session.location_id} - {None}:
            assert free_at.get(booked, session.starts_at) <= session.starts_at, (booked, session.session_date)
            free_at[booked] = session.ends_at


async def test_a_closed_room_has_sessions_and_a_later_closure_none(engine: Database) -> None:
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))
    room, retreat = await rows(engine, select(closures).order_by(closures.c.from_date))
    assert summary.closures == 2
    assert (room.location_id, retreat.location_id) == ("saguaro-3", None)
    scheduled = await rows(engine, select(occurrences).where(occurrences.c.status == "SCHEDULED"))
    hit = [
        session
        for session in scheduled
        if session.location_id == "saguaro-3" and room.from_date <= session.session_date <= room.through_date
    ]
    assert {session.session_date for session in hit} == {room.from_date + timedelta(days=number) for number in range(3)}
    assert max(session.session_date for session in scheduled) < retreat.from_date


async def test_history_and_events_are_complete(engine: Database) -> None:
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))

    events = Counter(row.event for row in await rows(engine, select(outbox.c.event)))
    assert events == {
        "pm_group_session_scheduled": summary.sessions,
        "pm_group_session_cancelled": summary.cancelled_sessions,
        "pm_group_patient_enrolled": summary.enrollments - 4,
        "pm_group_patient_waitlisted": 4,
        "pm_group_patient_promoted": 1,
        "pm_group_patient_disenrolled": 4,
    }
    entries = await rows(engine, select(audit_log))
    assert {entry.actor_id for entry in entries} == {DEMO_PEOPLE[0].subject}
    created = [entry for entry in entries if entry.action == "created" and entry.entity_type == "group_definition"]
    assert len(created) == summary.groups
    lowered = [
        change
        for entry in entries
        if entry.action == "updated" and entry.entity_type == "group_definition"
        for change in entry.changes
    ]
    assert lowered == [{"field": "max_capacity", "before": "12", "after": "9"}]


async def test_the_clinic_is_the_same_each_time(engine: Database, empty_database_url: str) -> None:
    other = create_engine(empty_database_url)
    await migrate(other)
    try:
        assert await fill_demo_clinic(clinic_at(operator_of(engine))) == await fill_demo_clinic(clinic_at(other))
        for table in metadata.sorted_tables:
            async with reading_all(operator_of(engine), Role.OPERATOR) as one, reading_all(other, Role.OPERATOR) as two:
                first, second = [
                    Counter(map(row_without_ids, await connection.execute(select(table)))) for connection in (one, two)
                ]
            assert first == second, table.name
    finally:
        await other.dispose()


async def test_an_organization_with_data_is_refused_and_not_changed(engine: Database) -> None:
    one_patient = {
        "organization_id": DEMO_ORGANIZATION,
        "id": "1",
        "display_name": "Ada Test",
        "medical_record_number": "1",
        "active": True,
        "search_text": "ada test 1",
    }
    async with engine.begin() as connection:
        await connection.execute(insert(patients).values(one_patient))

    with pytest.raises(DatabaseNotEmpty, match="only an empty database"):
        await fill_demo_clinic(clinic_at(operator_of(engine)))

    assert await count(engine, patients) == 1
    assert await count(engine, group_definitions) == 0


async def test_a_filled_clinic_is_not_filled_again(engine: Database) -> None:
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))

    with pytest.raises(DatabaseNotEmpty):
        await fill_demo_clinic(clinic_at(operator_of(engine)))

    assert await count(engine, occurrences) == summary.sessions


@pytest.mark.parametrize("ids", [0, 1, 200, 900])
async def test_an_interrupted_fill_leaves_nothing_and_can_be_repeated(engine: Database, ids: int) -> None:
    with pytest.raises(InterruptedError):
        await fill_demo_clinic(replace(clinic_at(operator_of(engine)), new_id=interrupted_after(ids)))

    assert await is_empty(engine)
    summary = await fill_demo_clinic(clinic_at(operator_of(engine)))
    assert await count(engine, occurrences) == summary.sessions


async def test_two_concurrent_fills_create_one_clinic(engine: Database) -> None:
    filling = [fill_demo_clinic(clinic_at(operator_of(engine))) for _ in range(2)]
    outcomes = await asyncio.gather(*filling, return_exceptions=True)

    (summary,) = [outcome for outcome in outcomes if isinstance(outcome, DemoSummary)]
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert isinstance(refused, DatabaseNotEmpty)
    assert await count(engine, occurrences) == summary.sessions
    assert await count(engine, group_definitions) == summary.groups


async def test_a_fill_waits_for_an_import_and_sees_its_records(engine: Database) -> None:
    ada = patient_update(Patient("1", "Ada Test", "1", birth_date=None, active=True))
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        await store_updates(connection, DEMO_ORGANIZATION, PATIENTS, [ada])
        filling = asyncio.create_task(fill_demo_clinic(clinic_at(operator_of(engine))))
        if engine.dialect.name == "postgresql":
            await until_a_backend_waits(engine)

    with pytest.raises(DatabaseNotEmpty):
        await filling
    assert await count(engine, patients) == 1


def test_the_people_to_sign_in_as_have_known_roles() -> None:
    assert [person.role for person in DEMO_PEOPLE] == ["org_admin", "staff"]
    assert all(person.role in ROLES for person in DEMO_PEOPLE)
    assert len({person.subject for person in DEMO_PEOPLE}) == len(DEMO_PEOPLE)


def interrupted_after(ids: int) -> Callable[[], UUID]:
    """Return an id generator that raises after some ids, like a process that is stopped."""
    remaining = iter(range(ids))

    def new_id() -> UUID:
        if next(remaining, None) is None:
            raise InterruptedError
        return uuid7()

    return new_id


def row_without_ids(row: Row[Any]) -> str:
    """Return the row as text, without the ids that differ between two runs."""
    return UUID_PATTERN.sub("an id", repr({**row._mapping, "transaction_id": None}))

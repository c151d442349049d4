"""Pages are read by index, however long schedules are. The tests check the plans of the statements that are sent.

On PostgreSQL they check both the plan for the actual values and the generic plan, in the server's role and with
row-level security.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.queries.attendance import ROSTER, SESSIONS_OF_PATIENT
from db.queries.conflicts import (
    calendar_of_days,
    calendar_of_enrollments,
    calendar_of_group,
    calendar_of_sessions,
)
from db.queries.enrollments import (
    ENROLLMENTS,
    ENROLLMENTS_OF_GROUP,
    ENROLLMENTS_OF_PATIENT,
    EnrollmentFilter,
)
from db.queries.groups import GROUPS, GROUPS_BY, SEATS_OF_GROUP, GroupFilter, GroupOrder, count_seats
from db.queries.history import HISTORY_OF
from db.queries.lengths import CountRequest, FilteredRelation, count_lists
from db.queries.pages import ListFilter, count_list, find_partial_records, find_records, read_page, record_lookup
from db.queries.program_seats import WeekOfPatient, program_seats, seats_of_program
from db.queries.references import PATIENTS, PatientFilter, patient_names
from db.queries.relations import Relation
from db.queries.sessions import (
    SESSIONS,
    SESSIONS_BY,
    SESSIONS_OF_GROUP,
    GroupWeeks,
    SessionFilter,
    SessionOrder,
    session_times,
)
from db.sql.layouts import Fields
from db.sql.listings import Window
from db.sql.lookups import Lookup, LookupSet
from db.tables import audit_log, enrollments, group_definitions, locations, occurrences, patients, staff_members
from db.transactions.snapshots import Snapshot
from domain.changes import EntityType
from domain.conflicts import ConflictKind
from domain.records import CapacityStatus, EnrollmentStatus, OccurrenceStatus, Program
from tests.support.clinic import NOW, OURS, THEIRS
from tests.support.query_plans import WHOLE_TABLE, Explained, explaining, sorts_more_than_pages

pytestmark = pytest.mark.anyio

GROUP_COUNT = 300
MEETING = 20
SESSION_COUNT = 150
PATIENT_COUNT = 800
DAY = date(2026, 3, 1)
PLACE = (DAY, time(9), UUID(int=0))
CALENDAR_INDEX = re.compile(r"pm_group_schedule\w*\b[^\n]*\n *Index Cond: (.*)|INDEX \w*pm_group_schedule\w* (.*)")
"""The condition of an index of the calendar, in a plan of either database."""
ReadPages = Callable[[Snapshot, Sequence[UUID]], Awaitable[object]]


@pytest.fixture
async def explained(engine: Database) -> AsyncIterator[Explained]:
    await _grow(engine)
    async with explaining(engine) as reader:
        yield reader


def _calendar(order: SessionOrder = SessionOrder.STARTS_AT_ASC, **filters: Any) -> ReadPages:
    listing = SESSIONS_BY[order]
    place = (NOW, UUID(int=0)) if order is SessionOrder.UPDATED_AT_ASC else PLACE

    async def read(reader: Snapshot, _groups: Sequence[UUID]) -> object:
        return [
            await read_page(reader, listing, SessionFilter(**filters), Window(50, after=place)),
            await read_page(reader, listing, SessionFilter(**filters), Window(50, backwards=True, before=place)),
            await read_page(reader, listing, SessionFilter(**filters), Window(50, backwards=True)),
        ]

    return read


def _search(letters: str | None) -> ReadPages:
    async def read(reader: Snapshot, _groups: Sequence[UUID]) -> object:
        return [
            await read_page(reader, PATIENTS, PatientFilter(letters), Window(50)),
            await read_page(reader, PATIENTS, PatientFilter(letters), Window(50, after=("patient-7",))),
            # To count the patients with a single letter takes as long as to read them all.
            len(letters or "") > 1 and await count_list(reader, PATIENTS, PatientFilter(letters)),
        ]

    return read


def _changed_groups(**filters: Any) -> ReadPages:
    listing = GROUPS_BY[GroupOrder.UPDATED_AT_ASC]

    async def read(reader: Snapshot, _groups: Sequence[UUID]) -> object:
        return [
            await read_page(reader, listing, GroupFilter(**filters), Window(50, after=(NOW, UUID(int=0)))),
            await read_page(reader, listing, GroupFilter(**filters), Window(50, backwards=True)),
        ]

    return read


async def _group_pages(reader: Snapshot, groups: Sequence[UUID]) -> object:
    several = SessionFilter(statuses=frozenset({OccurrenceStatus.SCHEDULED, OccurrenceStatus.COMPLETED}))
    seated = EnrollmentFilter(frozenset({EnrollmentStatus.ENROLLED}))
    lookups: list[Lookup[Any]] = [
        record_lookup(GROUPS),
        SEATS_OF_GROUP,
        SESSIONS_OF_GROUP.page_lookup(SessionFilter(), Window(20)),
        SESSIONS_OF_GROUP.count_lookup(SessionFilter(from_date=DAY)),
        ENROLLMENTS_OF_GROUP.page_lookup(seated, Window(20)),
        ENROLLMENTS_OF_GROUP.count_lookup(None),
        HISTORY_OF[EntityType.GROUP_DEFINITION].page_lookup(None, Window(20)),
        HISTORY_OF[EntityType.GROUP_DEFINITION].count_lookup(None),
    ]
    patient_lookups: list[Lookup[Any]] = [
        record_lookup(PATIENTS),
        ENROLLMENTS_OF_PATIENT.page_lookup(None, Window(20)),
        ENROLLMENTS_OF_PATIENT.count_lookup(seated),
    ]
    results: list[object] = [
        await reader.look_up(LookupSet(lookups), groups[0]),
        await reader.look_up(LookupSet([record_lookup(SESSIONS), record_lookup(ENROLLMENTS)]), groups[0]),
        await reader.look_up(LookupSet(patient_lookups), "patient-7"),
    ]
    for ids in (groups[:1], groups[:5]):
        results += [
            await find_records(reader, GROUPS, ids),
            await count_seats(reader, ids),
            await SESSIONS_OF_GROUP.read_pages(reader, ids, SessionFilter(), Window(20)),
            await SESSIONS_OF_GROUP.read_pages(reader, ids, several, Window(20, backwards=True, before=PLACE)),
            await session_times(reader, [GroupWeeks(group, DAY) for group in ids]),
            await ENROLLMENTS_OF_GROUP.read_pages(reader, ids, None, Window(20)),
            await ENROLLMENTS_OF_GROUP.read_pages(reader, ids, seated, Window(20, after=(0, UUID(int=0)))),
            await HISTORY_OF[EntityType.GROUP_DEFINITION].read_pages(reader, ids, None, Window(20)),
            await count_lists(reader, [_counts(SESSIONS_OF_GROUP, ids, SessionFilter(from_date=DAY))]),
            await count_lists(
                reader,
                [
                    _counts(SESSIONS_OF_GROUP, ids, SessionFilter(from_date=DAY)),
                    _counts(ENROLLMENTS_OF_GROUP, ids, seated),
                    _counts(HISTORY_OF[EntityType.GROUP_DEFINITION], ids, None),
                ],
            ),
        ]
    return results


async def _rosters(reader: Snapshot, groups: Sequence[UUID]) -> object:
    week = SessionFilter(from_date=DAY, through_date=DAY + timedelta(days=6))
    [of_group] = await SESSIONS_OF_GROUP.read_pages(reader, groups[:1], week, Window(20))
    sessions, people = [session.id for session in of_group.records], ["patient-1", "patient-7"]
    lookups: list[Lookup[Any]] = [
        record_lookup(SESSIONS),
        ROSTER.page_lookup(None, Window(20)),
        ROSTER.count_lookup(None),
    ]
    of_patient: list[Lookup[Any]] = [
        record_lookup(PATIENTS),
        SESSIONS_OF_PATIENT.page_lookup(week, Window(20)),
        SESSIONS_OF_PATIENT.count_lookup(week),
    ]
    return [
        await reader.look_up(LookupSet(lookups), sessions[0] if sessions else groups[0]),
        await reader.look_up(LookupSet(of_patient), "patient-7"),
        await ROSTER.read_pages(reader, [*sessions, *groups[:2]], None, Window(20)),
        await SESSIONS_OF_PATIENT.read_pages(reader, people, week, Window(20)),
        await count_lists(reader, [_counts(ROSTER, [*sessions, *groups[:2]], None)]),
        await count_lists(reader, [CountRequest(FilteredRelation(SESSIONS_OF_PATIENT, week), tuple(people))]),
    ]


def _counts(relation: Relation[Any], groups: Sequence[UUID], list_filter: ListFilter | None) -> CountRequest:
    return CountRequest(FilteredRelation(relation, list_filter), tuple(groups))


async def _report(reader: Snapshot, groups: Sequence[UUID]) -> object:
    several, ids = SessionFilter(from_date=DAY), groups[:40]
    fields = Fields(frozenset({"id"}), frozenset({"status", "created_at"}))
    names = Fields(frozenset(), frozenset({"display_name"}))
    return [
        await SESSIONS_OF_GROUP.read_pages(reader, ids, several, Window(20), fields),
        await SESSIONS_OF_GROUP.read_pages(reader, ids, several, Window(20, backwards=True, before=PLACE), fields),
        await ENROLLMENTS_OF_GROUP.read_pages(reader, ids, None, Window(20), fields),
        await find_partial_records(reader, PATIENTS, ["patient-1", "patient-7"], names),
    ]


PAGE_READS: dict[str, ReadPages] = {
    "calendar": _calendar(),
    "calendar from": _calendar(from_date=DAY),
    "calendar between": _calendar(from_date=DAY, through_date=DAY + timedelta(days=6)),
    "calendar of one status": _calendar(statuses=frozenset({OccurrenceStatus.CANCELLED})),
    "calendar of two": _calendar(statuses=frozenset({OccurrenceStatus.CANCELLED, OccurrenceStatus.COMPLETED})),
    "calendar of staff": _calendar(facilitator_id="staff-3"),
    "calendar of staff, two statuses": _calendar(
        facilitator_id="staff-3", statuses=frozenset({OccurrenceStatus.CANCELLED, OccurrenceStatus.COMPLETED})
    ),
    "calendar at a place": _calendar(location_id="place-1"),
    "calendar, latest first": _calendar(SessionOrder.STARTS_AT_DESC),
    "calendar of staff, latest first": _calendar(SessionOrder.STARTS_AT_DESC, facilitator_id="staff-3"),
    "calendar by change": _calendar(SessionOrder.UPDATED_AT_ASC),
    "calendar by change, since": _calendar(SessionOrder.UPDATED_AT_ASC, updated_since=NOW),
    "calendar of several staff": _calendar(facilitator_ids=frozenset({"staff-3", "staff-4", "staff-5"})),
    "calendar of several staff, latest first": _calendar(
        SessionOrder.STARTS_AT_DESC, facilitator_ids=frozenset({"staff-3", "staff-4"})
    ),
    "calendar at several places": _calendar(location_ids=frozenset({"place-1", "place-2"})),
    "calendar of several staff at several places": _calendar(
        facilitator_ids=frozenset({"staff-3", "staff-4"}), location_ids=frozenset({"place-1", "place-2"})
    ),
    "changed groups": _changed_groups(include_deleted=True),
    "changed groups, since": _changed_groups(updated_since=NOW),
    "groups below their minimum": _changed_groups(below_minimum=True),
    "a group": _group_pages,
    "a report": _report,
    "patients": _search(None),
    "patients by a rare text": _search("patient 77"),
    "patients by a letter": _search("7"),
    "patients by a text without a match": _search("zz"),
    "patients by words": _search("77 patient mr"),
    "patients by birth date": _search("1987-03-14"),
    "patients by an exact number": _search("mr77"),
    "patients by word and birth date": _search("patient 1987-03-14"),
}


async def test_no_page_reads_a_whole_table_or_sorts_a_whole_calendar(
    explained: Explained, groups: Sequence[UUID]
) -> None:
    slow = []
    for name, read in PAGE_READS.items():
        explained.plans = []
        await read(explained, groups)
        assert explained.plans, name
        calendar = name.startswith(("calendar", "changed groups"))
        slow += [
            f"{name}:\n{plan[:3000]}"
            for plan in explained.plans
            if WHOLE_TABLE.search(plan) or (calendar and sorts_more_than_pages(plan))
        ]
    assert not slow, "\n\n".join(slow)


async def test_conflicts_are_found_by_the_days_and_the_groups_of_sessions(
    explained: Explained, groups: Sequence[UUID]
) -> None:
    kinds, through = frozenset(ConflictKind), DAY + timedelta(days=1)
    sessions = (await read_page(explained, SESSIONS, SessionFilter(from_date=DAY), Window(20))).records
    seats = (await read_page(explained, ENROLLMENTS, EnrollmentFilter(), Window(20))).records
    if explained.on_postgresql:
        # All rows of such a small table are read in less time than those of an index.
        await explained.driver.connection.execute("SET LOCAL enable_seqscan = off")
    explained.plans = []
    await calendar_of_days(explained, DAY, DAY, kinds)
    await calendar_of_group(explained, groups[0], DAY, through, kinds)
    await calendar_of_sessions(explained, [session.id for session in sessions], kinds)
    await calendar_of_enrollments(explained, groups[0], seats, DAY, through)
    assert len(explained.plans) >= 7
    for plan in explained.plans:
        assert not WHOLE_TABLE.search(plan), plan
        if "pm_group_schedule" not in plan:
            continue  # it reads the locations
        conditions = ["".join(condition) for condition in CALENDAR_INDEX.findall(plan)]
        assert conditions, plan
        for condition in conditions:
            assert re.search(r"session_date|group_definition_id|\bid ?=", condition), plan


async def test_rosters_and_boards_read_seats_by_index(explained: Explained, groups: Sequence[UUID]) -> None:
    if explained.on_postgresql:
        # All rows of such a small table are read in less time than those of an index.
        await explained.driver.connection.execute("SET LOCAL enable_seqscan = off")
    explained.plans = []
    await _rosters(explained, groups)
    assert len(await seats_of_program(explained, Program.IOP, NOW.date())) == 30
    assert await program_seats(explained, [WeekOfPatient("patient-7", NOW.date())])
    # All seats were given later.
    assert await seats_of_program(explained, Program.IOP, DAY) == {}
    assert await program_seats(explained, [WeekOfPatient("patient-7", DAY)]) == {}
    await patient_names(explained, ["patient-7"])
    assert len(explained.plans) >= 10
    for plan in explained.plans:
        assert not WHOLE_TABLE.search(plan), plan
    seats = [plan for plan in explained.plans if "pm_group_enrollments" in plan]
    assert all(re.search(r"ix_pm_group_enrollments_of_(group|patient)", plan) for plan in seats), seats


@pytest.fixture
async def groups(engine: Database, explained: Explained) -> list[UUID]:
    async with engine.connect() as connection:
        ids = await connection.scalars(
            text("SELECT id FROM pm_group_definitions WHERE organization_id = :ours").columns(group_definitions.c.id),
            {"ours": OURS},
        )
        return list(ids)


async def _grow(engine: Database) -> None:
    """Store two organizations with so many rows that a scan of a whole table is slower than an index."""
    record_columns = {"version": 1, "created_at": NOW, "updated_at": NOW}
    async with engine.begin() as connection:
        for organization in (OURS, THEIRS):
            organization_column = {"organization_id": organization}
            people = [
                organization_column
                | {"id": f"staff-{n}", "display_name": f"Staff {n}", "active": True, "search_text": f"staff {n}"}
                for n in range(20)
            ]
            await connection.execute(insert(staff_members), people)
            places = [
                organization_column
                | {"id": f"place-{n}", "site": f"Site {n}", "time_zone": "America/Phoenix", "search_text": ""}
                for n in range(10)
            ]
            await connection.execute(insert(locations), places)
            registry = [
                organization_column
                | {
                    "id": f"patient-{n}",
                    "display_name": f"Patient {n}",
                    "medical_record_number": f"MR{n}",
                    "birth_date": date(1950, 1, 1) + timedelta(days=n * 30),
                    "active": True,
                    "search_text": f"patient {n} mr{n}",
                }
                for n in range(PATIENT_COUNT)
            ]
            await connection.execute(insert(patients), registry)
            group_rows = [_group(organization_column | record_columns, n) for n in range(GROUP_COUNT)]
            await connection.execute(insert(group_definitions), group_rows)
            for group in group_rows[:MEETING]:
                await connection.execute(
                    insert(occurrences),
                    [_session(organization_column | record_columns, group, n) for n in range(SESSION_COUNT)],
                )
                await connection.execute(
                    insert(enrollments), [_seat(organization_column | record_columns, group, n) for n in range(30)]
                )
                await connection.execute(insert(audit_log), [_entry(organization_column, group, n) for n in range(30)])
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("ANALYZE"))


def _group(row: dict[str, Any], number: int) -> dict[str, Any]:
    return row | {
        "id": uuid7(),
        "name": f"Group {number}",
        "group_type": "IOP" if number < 2 else "THERAPY",
        "facilitator_id": f"staff-{number % 20}",
        "time_zone": "America/Phoenix",
        "max_capacity": 40,
        "duration_minutes": 60,
        "search_text": f"group {number}",
    }


def _session(row: dict[str, Any], group: dict[str, Any], number: int) -> dict[str, Any]:
    status = "CANCELLED" if number % 50 == 0 else "COMPLETED" if number < 75 else "SCHEDULED"
    start = datetime.combine(DAY + timedelta(days=number - 75), time(16), UTC)
    cancelled = status == "CANCELLED"
    return row | {
        "id": uuid7(),
        "group_definition_id": group["id"],
        "session_date": start.date(),
        "start_time": time(9),
        "end_time": time(10),
        "time_zone": "America/Phoenix",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "facilitator_id": group["facilitator_id"],
        "co_facilitator_id": f"staff-{(number * 7 + 1) % 20}" if number % 3 == 0 else None,
        "location_id": f"place-{number % 10}",
        "status": status,
        "cancellation_reason": "why" if cancelled else None,
        "cancelled_at": NOW if cancelled else None,
    }


def _seat(row: dict[str, Any], group: dict[str, Any], number: int) -> dict[str, Any]:
    return row | {
        "id": uuid7(),
        "group_definition_id": group["id"],
        "patient_id": f"patient-{number}",
        "status": "ENROLLED",
        "enrolled_at": NOW,
    }


def _entry(row: dict[str, Any], group: dict[str, Any], number: int) -> dict[str, Any]:
    return row | {
        "id": uuid7(),
        "entity_type": "GROUP_DEFINITION" if number % 2 else "ENROLLMENT",
        "entity_id": group["id"],
        "at": NOW,
        "actor_id": "user-1",
        "correlation_id": "request-1",
        "action": "edited",
        "changes": [],
    }


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_filter_by_capacity_counts_seats_by_index_only(explained: Explained) -> None:
    # The rows are new: until the first vacuum, a bitmap is estimated to be as fast.
    await explained.driver.connection.execute("SET LOCAL enable_bitmapscan = off")
    await count_list(explained, GROUPS, GroupFilter(capacity_statuses=frozenset({CapacityStatus.OPEN})))
    for plan in explained.plans:
        assert "Index Only Scan using ix_pm_group_enrollments_of_group" in plan, plan
        assert not re.search(r"(Index Scan using \w+|Seq Scan) on pm_group_enrollments", plan), plan

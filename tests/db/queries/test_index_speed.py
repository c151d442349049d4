"""Pages stay at index speed however schedules grow: the plans of the statements that are really sent are looked at.

On PostgreSQL both the plan for the values at hand and the one that serves any values, in the server's role, behind
row-level security.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.queries.enrollments import ENROLLMENTS, ENROLLMENTS_OF_GROUP, ENROLLMENTS_OF_PATIENT, EnrollmentFilter
from db.queries.groups import GROUPS, SEATS_OF_GROUP, GroupFilter, count_seats
from db.queries.history import HISTORY_OF
from db.queries.lengths import CountRequest, FilteredRelation, count_lists
from db.queries.pages import ListFilter, count_list, find_partial_records, find_records, read_page, record_lookup
from db.queries.references import PATIENTS, PatientFilter
from db.queries.relations import Relation
from db.queries.sessions import SESSIONS, SESSIONS_OF_GROUP, GroupWeek, SessionFilter, session_times
from db.sql.layouts import Fields
from db.sql.listings import Window
from db.sql.lookups import Lookup, LookupSet
from db.sql.statement import Statement
from db.tables import audit_log, enrollments, group_definitions, locations, occurrences, patients, staff_members
from db.transactions.snapshots import Snapshot
from domain.changes import EntityType
from domain.records import CapacityStatus, EnrollmentStatus, OccurrenceStatus
from tests.support.clinic import NOW, OURS, THEIRS

pytestmark = pytest.mark.anyio

GROUP_COUNT = 300
MEETING = 20
SESSION_COUNT = 150
PATIENT_COUNT = 800
DAY = date(2026, 3, 1)
PLACE = (DAY, time(9), UUID(int=0))
WHOLE = re.compile(r"Seq Scan on pm_group_|SCAN pm_group_\w+\s*$|SCAN listed\s*$", re.MULTILINE)
Ask = Callable[[Snapshot, Sequence[UUID]], Awaitable[object]]


class Explained(Snapshot):
    """A snapshot that keeps the plans of what it is asked."""

    plans: list[str]

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        compiled = statement.compiled(self.driver.dialect)
        await self._explain(compiled.text, compiled.arguments({**parameters, "organization_id": self.organization_id}))
        return await super().fetch(statement, parameters)

    async def look_up(self, lookups: LookupSet, id: object) -> list[Any]:
        if self.on_postgresql:
            together = lookups.combined(self.driver.dialect)
            await self._explain(together.text, together.arguments(self.organization_id, id))
            return await super().look_up(lookups, id)
        return [await self.find(lookup, id) for lookup in lookups.lookups]

    async def _explain(self, asked: str, values: Sequence[Any]) -> None:
        connection = self.driver.connection
        if self.on_postgresql:
            self.plans.append(_lines(await connection.fetch(f"EXPLAIN {asked}", *values)))
            await connection.execute(f"PREPARE explained AS {asked}")
            nulls = ", ".join("NULL" for _ in values)
            self.plans.append(_lines(await connection.fetch(f"EXPLAIN EXECUTE explained({nulls})")))
            await connection.execute("DEALLOCATE explained")
        else:
            rows = await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {asked}", values)
            self.plans.append("\n".join(row[3] for row in rows))


def _lines(rows: Sequence[Any]) -> str:
    return "\n".join(row[0] for row in rows)


@pytest.fixture
async def explained(engine: Database) -> AsyncIterator[Explained]:
    await _grow(engine)
    seen = Explained(engine.read_pool, await engine.read_pool.acquire(OURS))
    seen.plans = []
    await seen.begin()
    if seen.on_postgresql:
        await seen.driver.connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    yield seen
    await seen.close()


def _calendar(**wanted: Any) -> Ask:
    async def ask(seen: Snapshot, _groups: Sequence[UUID]) -> object:
        pages = [await read_page(seen, SESSIONS, SessionFilter(**wanted), Window(50, after=PLACE))]
        pages.append(await read_page(seen, SESSIONS, SessionFilter(**wanted), Window(50, backwards=True)))
        return pages

    return ask


def _search(letters: str | None) -> Ask:
    async def ask(seen: Snapshot, _groups: Sequence[UUID]) -> object:
        return [
            await read_page(seen, PATIENTS, PatientFilter(letters), Window(50)),
            await read_page(seen, PATIENTS, PatientFilter(letters), Window(50, after=("patient-7",))),
            # How many hold a single letter is as long as that list.
            len(letters or "") > 1 and await count_list(seen, PATIENTS, PatientFilter(letters)),
        ]

    return ask


async def _group_pages(seen: Snapshot, groups: Sequence[UUID]) -> object:
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
    of_patient: list[Lookup[Any]] = [
        record_lookup(PATIENTS),
        ENROLLMENTS_OF_PATIENT.page_lookup(None, Window(20)),
        ENROLLMENTS_OF_PATIENT.count_lookup(seated),
    ]
    asked: list[object] = [
        await seen.look_up(LookupSet(lookups), groups[0]),
        await seen.look_up(LookupSet([record_lookup(SESSIONS), record_lookup(ENROLLMENTS)]), groups[0]),
        await seen.look_up(LookupSet(of_patient), "patient-7"),
    ]
    for wanted in (groups[:1], groups[:5]):
        asked += [
            await find_records(seen, GROUPS, wanted),
            await count_seats(seen, wanted),
            await SESSIONS_OF_GROUP.read_pages(seen, wanted, SessionFilter(), Window(20)),
            await SESSIONS_OF_GROUP.read_pages(seen, wanted, several, Window(20, backwards=True, before=PLACE)),
            await session_times(seen, [GroupWeek(group, DAY) for group in wanted]),
            await ENROLLMENTS_OF_GROUP.read_pages(seen, wanted, None, Window(20)),
            await ENROLLMENTS_OF_GROUP.read_pages(seen, wanted, seated, Window(20, after=(0, UUID(int=0)))),
            await HISTORY_OF[EntityType.GROUP_DEFINITION].read_pages(seen, wanted, None, Window(20)),
            await count_lists(seen, [_counts(SESSIONS_OF_GROUP, wanted, SessionFilter(from_date=DAY))]),
            await count_lists(
                seen,
                [
                    _counts(SESSIONS_OF_GROUP, wanted, SessionFilter(from_date=DAY)),
                    _counts(ENROLLMENTS_OF_GROUP, wanted, seated),
                    _counts(HISTORY_OF[EntityType.GROUP_DEFINITION], wanted, None),
                ],
            ),
        ]
    return asked


def _counts(relation: Relation[Any], groups: Sequence[UUID], list_filter: ListFilter | None) -> CountRequest:
    return CountRequest(FilteredRelation(relation, list_filter), tuple(groups))


async def _report(seen: Snapshot, groups: Sequence[UUID]) -> object:
    several, wanted = SessionFilter(from_date=DAY), groups[:40]
    fields = Fields(frozenset({"id"}), frozenset({"status", "created_at"}))
    names = Fields(frozenset(), frozenset({"display_name"}))
    return [
        await SESSIONS_OF_GROUP.read_pages(seen, wanted, several, Window(20), fields),
        await SESSIONS_OF_GROUP.read_pages(seen, wanted, several, Window(20, backwards=True, before=PLACE), fields),
        await ENROLLMENTS_OF_GROUP.read_pages(seen, wanted, None, Window(20), fields),
        await find_partial_records(seen, PATIENTS, ["patient-1", "patient-7"], names),
    ]


ASKED: dict[str, Ask] = {
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
    "a group": _group_pages,
    "a report": _report,
    "patients": _search(None),
    "patients by a rare text": _search("patient 77"),
    "patients by a letter": _search("7"),
    "patients by what nobody holds": _search("zz"),
    "patients by words": _search("77 patient mr"),
    "patients by birth date": _search("1987-03-14"),
    "patients by word and birth date": _search("patient 1987-03-14"),
}


async def test_no_page_reads_a_whole_table_or_sorts_a_whole_calendar(
    explained: Explained, groups: Sequence[UUID]
) -> None:
    slow = []
    for name, ask in ASKED.items():
        explained.plans = []
        await ask(explained, groups)
        assert explained.plans, name
        calendar = name.startswith("calendar")
        slow += [
            f"{name}:\n{plan[:3000]}"
            for plan in explained.plans
            if WHOLE.search(plan) or (calendar and _sorts_more_than_pages(plan))
        ]
    assert not slow, "\n\n".join(slow)


def _sorts_more_than_pages(plan: str) -> bool:
    """Where two indexes are looked up, the pages of both are sorted: what is below, or before, is not."""
    lines = plan.splitlines()
    limits = [number for number, line in enumerate(lines) if "Limit" in line or "SCAN anon" in line]
    sorts = [number for number, line in enumerate(lines) if "Sort" in line or "TEMP B-TREE" in line]
    if "Limit" in plan:
        return any(not any(limit > number for limit in limits) for number in sorts)
    return any(number - 1 not in limits for number in sorts)


@pytest.fixture
async def groups(engine: Database, explained: Explained) -> list[UUID]:
    async with engine.connect() as connection:
        found = await connection.scalars(
            text("SELECT id FROM pm_group_definitions WHERE organization_id = :ours").columns(group_definitions.c.id),
            {"ours": OURS},
        )
        return list(found)


async def _grow(engine: Database) -> None:
    """Two organizations with so much that a whole table is the slower way for each."""
    kept = {"version": 1, "created_at": NOW, "updated_at": NOW}
    async with engine.begin() as connection:
        for organization in (OURS, THEIRS):
            own = {"organization_id": organization}
            people = [
                own | {"id": f"staff-{n}", "display_name": f"Staff {n}", "active": True, "search_text": f"staff {n}"}
                for n in range(20)
            ]
            await connection.execute(insert(staff_members), people)
            places = [
                own | {"id": f"place-{n}", "site": f"Site {n}", "time_zone": "America/Phoenix", "search_text": ""}
                for n in range(10)
            ]
            await connection.execute(insert(locations), places)
            registry = [
                own
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
            defined = [_group(own | kept, n) for n in range(GROUP_COUNT)]
            await connection.execute(insert(group_definitions), defined)
            for group in defined[:MEETING]:
                await connection.execute(
                    insert(occurrences), [_session(own | kept, group, n) for n in range(SESSION_COUNT)]
                )
                await connection.execute(insert(enrollments), [_seat(own | kept, group, n) for n in range(30)])
                await connection.execute(insert(audit_log), [_entry(own, group, n) for n in range(30)])
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("ANALYZE"))


def _group(row: dict[str, Any], number: int) -> dict[str, Any]:
    return row | {
        "id": uuid7(),
        "name": f"Group {number}",
        "group_type": "THERAPY",
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

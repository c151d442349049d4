"""Several lookups by one id, combined or separate: their results, their snapshot, and their organization."""

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from db.connections.engine import Database
from db.connections.statement_count import start_counting
from db.queries.enrollments import ENROLLMENTS_OF_GROUP, EnrollmentFilter
from db.queries.groups import GROUPS, SEATS_OF_GROUP
from db.queries.history import HISTORY_OF
from db.queries.pages import Slice, record_lookup
from db.queries.sessions import SESSIONS_OF_GROUP, SessionFilter
from db.sql.layouts import Fields
from db.sql.listings import Window
from db.sql.lookups import Lookup, LookupSet
from db.tables import enrollments, group_definitions, occurrences
from db.transactions.snapshots import look_up, snapshot
from domain.changes import EntityType
from domain.records import EnrollmentStatus, OccurrenceStatus
from resolvers.commands.groups import create_group
from tests.support.clinic import NOW, OURS, THEIRS, context, draft, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

ALL = SessionFilter()
DAY = date(2026, 11, 23)
LATE = SessionFilter(from_date=DAY + timedelta(days=1), statuses=frozenset({OccurrenceStatus.SCHEDULED}))
FIELDS = Fields(frozenset({"id", "status"}), frozenset({"session_date", "cancellation_reason"}))
WAITING = EnrollmentFilter(frozenset({EnrollmentStatus.WAITLISTED, EnrollmentStatus.DISENROLLED}))

ALL_LOOKUPS: list[Lookup[Any]] = [
    record_lookup(GROUPS),
    SEATS_OF_GROUP,
    SESSIONS_OF_GROUP.page_lookup(ALL, Window(2)),
    SESSIONS_OF_GROUP.page_lookup(ALL, Window(2, backwards=True), FIELDS),
    SESSIONS_OF_GROUP.page_lookup(LATE, Window(5, after=(DAY, time(9, 30), UUID(int=0)))),
    SESSIONS_OF_GROUP.count_lookup(LATE),
    ENROLLMENTS_OF_GROUP.page_lookup(None, Window(1)),
    ENROLLMENTS_OF_GROUP.page_lookup(WAITING, Window(50)),
    ENROLLMENTS_OF_GROUP.count_lookup(None),
    HISTORY_OF[EntityType.GROUP_DEFINITION].page_lookup(None, Window(3)),
    HISTORY_OF[EntityType.GROUP_DEFINITION].count_lookup(None),
]


async def fill(engine: Database) -> list[UUID]:
    """Return the ids of five groups: full, with only history, empty, of another organization, and unknown."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    full = await add_group(engine, "full")
    await add_sessions(engine, full, [DAY + timedelta(days=day) for day in range(4)], start_time=time(9, 30))
    await add_enrollments(engine, full, ["patient-1", "patient-2"])
    await add_enrollments(
        engine, full, ["patient-3"], status="WAITLISTED", waitlist_position=1, enrolled_at=None, waitlisted_at=NOW
    )
    created = await create_group(context(engine), draft(name="created"))
    empty, theirs = await add_group(engine, "empty"), await add_group(engine, "theirs", THEIRS)
    return [full, created.id, empty, theirs, uuid4()]


def comparable(results: list[Any]) -> list[Any]:
    """Return results that can be compared: of a page, its rows and whether more follow."""
    return [
        ([tuple(row) for row in result.records.rows], result.more) if isinstance(result, Slice) else result
        for result in results
    ]


async def test_combined_lookups_return_what_separate_ones_do(engine: Database) -> None:
    *ours, theirs, unknown = await fill(engine)
    for group in (*ours, theirs, unknown):
        combined = await look_up(engine, OURS, LookupSet(ALL_LOOKUPS), group)
        separate = [(await look_up(engine, OURS, LookupSet([lookup]), group))[0] for lookup in ALL_LOOKUPS]
        assert comparable(combined) == comparable(separate)
        assert (combined[0] is not None) == (group in ours)


async def test_lookups_read_only_the_own_organization(engine: Database) -> None:
    *_, theirs, _ = await fill(engine)
    for organization, name in ((OURS, None), (THEIRS, "theirs"), (OURS, None)):
        [group, *_] = await look_up(engine, organization, LookupSet(ALL_LOOKUPS), theirs)
        assert getattr(group, "name", None) == name


async def test_combined_lookups_are_one_statement_on_postgresql(engine: Database, database_kind: str) -> None:
    full, *_ = await fill(engine)
    counted = start_counting()
    await look_up(engine, OURS, LookupSet(ALL_LOOKUPS), full)
    assert counted.statements == (1 if database_kind == "postgresql" else len(ALL_LOOKUPS))


async def test_combined_lookups_read_one_snapshot(engine: Database) -> None:
    """Other transactions commit between the lookups of one snapshot, which must not change their results."""
    full, *_ = await fill(engine)
    async with snapshot(engine, OURS) as opened:
        before = comparable(await opened.look_up(LookupSet(ALL_LOOKUPS[:3]), full))
        async with engine.begin() as connection:
            await connection.execute(update(group_definitions).values(name="renamed"))
            await connection.execute(delete(enrollments))
            await connection.execute(delete(occurrences))
        assert comparable(await opened.look_up(LookupSet(ALL_LOOKUPS[:3]), full)) == before
    group, seats, sessions = await look_up(engine, OURS, LookupSet(ALL_LOOKUPS[:3]), full)
    assert (group.name, seats, list(sessions.records)) == ("renamed", None, [])

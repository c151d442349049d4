"""Several lookups by one id: combined or separate, of one snapshot, of the caller's organization."""

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

EVERYTHING: list[Lookup[Any]] = [
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
    """A group with everything, one with history alone, one with nothing, one of another clinic, and one of nobody."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    full = await add_group(engine, "full")
    await add_sessions(engine, full, [DAY + timedelta(days=day) for day in range(4)], start_time=time(9, 30))
    await add_enrollments(engine, full, ["patient-1", "patient-2"])
    await add_enrollments(
        engine, full, ["patient-3"], status="WAITLISTED", waitlist_position=1, enrolled_at=None, waitlisted_at=NOW
    )
    made = await create_group(context(engine), draft(name="made"))
    empty, theirs = await add_group(engine, "empty"), await add_group(engine, "theirs", THEIRS)
    return [full, made.id, empty, theirs, uuid4()]


def told(found: list[Any]) -> list[Any]:
    """Gives what was found so that it can be compared: pages by their rows."""
    return [
        ([tuple(row) for row in each.records.rows], each.more) if isinstance(each, Slice) else each for each in found
    ]


async def test_combined_lookups_return_what_separate_ones_do(engine: Database) -> None:
    *ours, theirs, nobodys = await fill(engine)
    for group in (*ours, theirs, nobodys):
        together = await look_up(engine, OURS, LookupSet(EVERYTHING), group)
        alone = [(await look_up(engine, OURS, LookupSet([lookup]), group))[0] for lookup in EVERYTHING]
        assert told(together) == told(alone)
        assert (together[0] is not None) == (group in ours)


async def test_lookups_read_only_the_own_organization(engine: Database) -> None:
    *_, theirs, _ = await fill(engine)
    for organization, name in ((OURS, None), (THEIRS, "theirs"), (OURS, None)):
        [group, *_] = await look_up(engine, organization, LookupSet(EVERYTHING), theirs)
        assert getattr(group, "name", None) == name


async def test_combined_lookups_are_one_statement_on_postgresql(engine: Database, database_kind: str) -> None:
    full, *_ = await fill(engine)
    counted = start_counting()
    await look_up(engine, OURS, LookupSet(EVERYTHING), full)
    assert counted.statements == (1 if database_kind == "postgresql" else len(EVERYTHING))


async def test_combined_lookups_read_one_snapshot(engine: Database) -> None:
    """In a snapshot it is the snapshot's; alone it is of the statement's own, whatever commits meanwhile."""
    full, *_ = await fill(engine)
    async with snapshot(engine, OURS) as opened:
        before = told(await opened.look_up(LookupSet(EVERYTHING[:3]), full))
        async with engine.begin() as connection:
            await connection.execute(update(group_definitions).values(name="renamed"))
            await connection.execute(delete(enrollments))
            await connection.execute(delete(occurrences))
        assert told(await opened.look_up(LookupSet(EVERYTHING[:3]), full)) == before
    group, seats, sessions = await look_up(engine, OURS, LookupSet(EVERYTHING[:3]), full)
    assert (group.name, seats, list(sessions.records)) == ("renamed", None, [])

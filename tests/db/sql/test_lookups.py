"""Looking several things up by one id: together as alone, of one moment, of the own organization."""

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from db.connections.engine import Database
from db.connections.statement_count import start_counting
from db.queries.enrollments import count_of_group_enrollments, page_of_group_enrollments
from db.queries.groups import GROUP_BY_ID, SEATS_OF_GROUP
from db.queries.history import count_of_history, page_of_history
from db.queries.pages import Slice
from db.queries.sessions import count_of_group_sessions, page_of_group_sessions
from db.sql.lookups import Lookup, Lookups
from db.sql.page_statements import Window
from db.tables import enrollments, group_definitions, occurrences
from db.transactions.snapshots import look_up, snapshot
from domain.changes import EntityType
from domain.records import EnrollmentStatus, OccurrenceStatus
from domain.selections import Fields, SessionsWanted
from resolvers.commands.groups import create_group
from tests.support.clinic import NOW, OURS, THEIRS, context, draft, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

ALL = SessionsWanted()
DAY = date(2026, 11, 23)
LATE = SessionsWanted(from_date=DAY + timedelta(days=1), statuses=frozenset({OccurrenceStatus.SCHEDULED}))
FIELDS = Fields(frozenset({"id", "status"}), frozenset({"session_date", "cancellation_reason"}))
WAITING = frozenset({EnrollmentStatus.WAITLISTED, EnrollmentStatus.DISENROLLED})

EVERYTHING: list[Lookup[Any]] = [
    GROUP_BY_ID,
    SEATS_OF_GROUP,
    page_of_group_sessions(ALL, Window(2)),
    page_of_group_sessions(ALL, Window(2, backwards=True), FIELDS),
    page_of_group_sessions(LATE, Window(5, after=(DAY, time(9, 30), UUID(int=0)))),
    count_of_group_sessions(LATE),
    page_of_group_enrollments(None, Window(1)),
    page_of_group_enrollments(WAITING, Window(50)),
    count_of_group_enrollments(None),
    page_of_history(EntityType.GROUP_DEFINITION, Window(3)),
    count_of_history(EntityType.GROUP_DEFINITION),
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


async def test_what_is_looked_up_together_is_what_is_looked_up_alone(engine: Database) -> None:
    *ours, theirs, nobodys = await fill(engine)
    for group in (*ours, theirs, nobodys):
        together = await look_up(engine, OURS, Lookups(EVERYTHING), group)
        alone = [(await look_up(engine, OURS, Lookups([lookup]), group))[0] for lookup in EVERYTHING]
        assert told(together) == told(alone)
        assert (together[0] is not None) == (group in ours)


async def test_it_is_of_the_own_organization(engine: Database) -> None:
    *_, theirs, _ = await fill(engine)
    for organization, name in ((OURS, None), (THEIRS, "theirs"), (OURS, None)):
        [group, *_] = await look_up(engine, organization, Lookups(EVERYTHING), theirs)
        assert getattr(group, "name", None) == name


async def test_it_is_one_statement_where_the_database_can(engine: Database, database_kind: str) -> None:
    full, *_ = await fill(engine)
    counted = start_counting()
    await look_up(engine, OURS, Lookups(EVERYTHING), full)
    assert counted.statements == (1 if database_kind == "postgresql" else len(EVERYTHING))


async def test_it_is_of_one_moment(engine: Database) -> None:
    """In a snapshot it is the snapshot's; alone it is of the statement's own, whatever commits meanwhile."""
    full, *_ = await fill(engine)
    async with snapshot(engine, OURS) as opened:
        before = told(await opened.look_up(Lookups(EVERYTHING[:3]), full))
        async with engine.begin() as connection:
            await connection.execute(update(group_definitions).values(name="renamed"))
            await connection.execute(delete(enrollments))
            await connection.execute(delete(occurrences))
        assert told(await opened.look_up(Lookups(EVERYTHING[:3]), full)) == before
    group, seats, sessions = await look_up(engine, OURS, Lookups(EVERYTHING[:3]), full)
    assert (group.name, seats, list(sessions.records)) == ("renamed", None, [])

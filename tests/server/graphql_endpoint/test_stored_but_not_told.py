"""A change is stored, and then its answer cannot be given: nobody is told that nothing was done."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import func, make_url, select, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import enrollments
from resolvers.context import Clinic
from server.runtime.clock import now
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
"""On SQLite reading waits for nobody."""

ENROLL = """
mutation Enroll($group: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) {
    enrollment { %s }
    userErrors { code }
  }
}
"""


OTHERS = "groupDefinition { enrollments { nodes { id } } }"
"""Where others are read as well, all that is read is recorded after the change, in a transaction of its own."""


class LockingClock:
    """Tells the time; from when an enrollment is stored, somebody else has SQLite's write lock for good."""

    def __init__(self, path: str | None) -> None:
        self.other = None if path is None else sqlite3.connect(path, isolation_level=None)

    def __call__(self) -> datetime:
        if self.other is not None and not self.other.in_transaction:
            (stored,) = self.other.execute("SELECT count(*) FROM pm_group_enrollments").fetchone()
            if stored:
                self.other.execute("BEGIN IMMEDIATE")
        return now()

    def give_back(self) -> None:
        if self.other is not None:
            self.other.rollback()
            self.other.close()
            self.other = None


@pytest.fixture
def clock(database_url: str, database_kind: str) -> LockingClock:
    return LockingClock(make_url(database_url).database if database_kind == "sqlite" else None)


@pytest.fixture
async def group(engine: Database) -> UUID:
    await seed(engine, ORGANIZATION)
    return await add_group(engine, "a", ORGANIZATION, max_capacity=5)


@pytest.fixture
async def client(engine: Database, clock: LockingClock) -> AsyncIterator[ApiClient]:
    app = make_app(Clinic(engine, clock, uuid7, "America/Phoenix", 6))
    async with clients_of(app) as clients:
        yield await clients()
    clock.give_back()


@asynccontextmanager
async def table_locked(engine: Database, table: str, mode: str) -> AsyncIterator[None]:
    """Somebody else, who has the table locked; nobody on SQLite, where the clock does it."""
    async with engine.connect() as other:
        if engine.dialect.name == "postgresql":
            await other.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))
        yield
        await other.rollback()


async def stored(engine: Database) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(enrollments)) or 0


async def test_a_change_whose_answer_cannot_be_recorded_is_told_as_stored_and_its_repeat_is_answered(
    engine: Database, client: ApiClient, group: UUID, clock: LockingClock
) -> None:
    body = {"query": ENROLL % OTHERS, "variables": {"group": str(group)}}
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        told = await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"})
    assert (told.status_code, "data" in told.json()) == (503, False)
    [error] = told.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "is stored" in error["message"]
    assert "Retry-After" in told.headers
    assert await stored(engine) == 1
    clock.give_back()
    repeat = await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"})
    # On SQLite nothing could be noted of the first attempt's end: its lease has to run out.
    assert repeat.status_code in {200, 409}
    assert await stored(engine) == 1


@on_postgresql
async def test_where_the_change_records_what_it_answers_it_is_not_made_without_its_record(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        told = await client.answer(ENROLL % "patient { displayName }", {"group": str(group)})
    assert [error["extensions"]["code"] for error in told["errors"]] == ["BUSY"]
    assert await stored(engine) == 0


async def test_without_a_change_a_record_that_cannot_be_stored_is_busy(
    engine: Database, client: ApiClient, group: UUID
) -> None:
    await client.send(ENROLL % "id", {"group": str(group)})  # the clock's lock is taken by what is written after it
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        told = await client.send('{ patient(id: "patient-2") { displayName } }')
    [error] = told.json()["errors"]
    assert (told.status_code, error["extensions"]["code"]) == (503, "BUSY")


@on_postgresql
async def test_a_change_whose_answer_cannot_be_read_is_told_as_stored(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    query = ENROLL % "groupDefinition { facilitator { displayName } }"
    async with table_locked(engine, "pm_group_staff_members", "ACCESS EXCLUSIVE"):
        answer = (await client.send(query, {"group": str(group)})).json()
    assert ["is stored" in error["message"] for error in answer["errors"]] == [True]
    assert await stored(engine) == 1


@on_postgresql
async def test_whoever_reads_what_is_locked_is_told_that_it_is_busy_at_every_field(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    async with table_locked(engine, "pm_group_staff_members", "ACCESS EXCLUSIVE"):
        answer = await client.answer(
            "{ staffMembers { nodes { id } } groupDefinitions { nodes { id facilitator { id } } } }"
        )
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BUSY"}

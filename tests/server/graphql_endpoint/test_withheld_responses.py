"""A change is committed but its response cannot be sent: the error says that the change is stored."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import func, make_url, select, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import enrollments, group_definitions
from resolvers.context import Clinic
from server.runtime.clock import now
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
"""On SQLite reads never wait."""

ENROLL = """
mutation Enroll($group: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) {
    enrollment { %s }
    userErrors { code }
  }
}
"""


RENAME = """
mutation Rename($group: ID!) {
  updateGroupDefinition(input: {id: $group, name: "Other"}) { groupDefinition { %s } }
}
"""
LIST = "enrollments { nodes { id } }"
"""Patients that the change does not concern: they are recorded after it, in another transaction."""


class LockingClock:
    """Returns the time. Once the group is renamed, another connection takes SQLite's write lock and keeps it."""

    def __init__(self, path: str | None) -> None:
        self.other = None if path is None else sqlite3.connect(path, isolation_level=None)

    def __call__(self) -> datetime:
        if self.other is not None and not self.other.in_transaction:
            query = "SELECT count(*) FROM pm_group_definitions WHERE name = 'Other'"
            (renamed,) = self.other.execute(query).fetchone()
            if renamed:
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
    """Hold a lock on the table from another connection. On SQLite the clock holds one."""
    async with engine.connect() as other:
        if engine.dialect.name == "postgresql":
            await other.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))
        yield
        await other.rollback()


async def stored(engine: Database) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(enrollments)) or 0


async def group_version(engine: Database, group: UUID) -> int:
    async with engine.connect() as connection:
        query = select(group_definitions.c.version).where(group_definitions.c.id == group)
        return await connection.scalar(query) or 0


async def test_a_stored_change_without_its_access_row_has_no_response(
    engine: Database, client: ApiClient, group: UUID, clock: LockingClock
) -> None:
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    body = {"query": RENAME % LIST, "variables": {"group": str(group)}}
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        response = await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"})
    assert (response.status_code, "data" in response.json()) == (503, False)
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "is stored" in error["message"]
    assert "Retry-After" in response.headers
    assert await group_version(engine, group) == 2
    clock.give_back()
    repeat = await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"})
    # On SQLite the claim could not be released either: its lease has to run out.
    assert repeat.status_code in {200, 409}
    assert await group_version(engine, group) == 2


@on_postgresql
async def test_a_change_is_not_made_without_its_access_row(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        response = await client.try_execute(ENROLL % "patient { displayName }", {"group": str(group)})
    assert [error["extensions"]["code"] for error in response["errors"]] == ["BUSY"]
    assert await stored(engine) == 0


async def test_a_query_without_its_access_row_is_busy(engine: Database, client: ApiClient, group: UUID) -> None:
    await client.send(RENAME % "id", {"group": str(group)})  # on SQLite the clock takes the lock after it
    async with table_locked(engine, "pm_group_access_log", "EXCLUSIVE"):
        response = await client.send('{ patient(id: "patient-2") { displayName } }')
    [error] = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (503, "BUSY")


@on_postgresql
async def test_a_stored_change_whose_payload_cannot_be_read_says_so(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    query = ENROLL % "groupDefinition { facilitator { displayName } }"
    async with table_locked(engine, "pm_group_staff_members", "ACCESS EXCLUSIVE"):
        response = (await client.send(query, {"group": str(group)})).json()
    assert ["is stored" in error["message"] for error in response["errors"]] == [True]
    assert await stored(engine) == 1


@on_postgresql
async def test_every_field_that_reads_a_locked_table_is_busy(
    engine: Database, client: ApiClient, group: UUID, database_kind: str
) -> None:
    async with table_locked(engine, "pm_group_staff_members", "ACCESS EXCLUSIVE"):
        response = await client.try_execute(
            "{ staffMembers { nodes { id } } groupDefinitions { nodes { id facilitator { id } } } }"
        )
    assert {error["extensions"]["code"] for error in response["errors"]} == {"BUSY"}

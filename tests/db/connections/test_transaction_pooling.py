"""Behind a pooler that pools transactions, organizations share sessions and never see each other's rows."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, Integer, func, literal_column, select, text, update

from db.connections.engine import Database, Pooling, create_engine
from db.connections.roles import Role
from db.sql.lookups import Lookup, LookupSet
from db.sql.statement import Statement
from db.tables import group_definitions, patients
from db.transactions.all_organizations import reading_all
from db.transactions.snapshots import look_up, snapshot
from db.transactions.unit_of_work import Actor, unit_of_work
from tests.support.clinic import OURS, THEIRS, clinic, seed
from tests.support.clinic_rows import add_group
from tests.support.pgbouncer import needs_pgbouncer, pgbouncer

pytestmark = [pytest.mark.anyio, needs_pgbouncer]

SESSIONS = 3
CLIENTS = 12
ROUNDS = 12
_pid: ColumnElement[int] = literal_column("pg_backend_pid()", Integer)

# These statements lack the condition on the organization that every statement of the program has.
_READ = Statement(select(_pid, patients.c.organization_id).distinct())
_LOOKUPS = LookupSet([Lookup(_READ, "id", {}, list, of_one_row=False)])
_WRITE = Statement(
    update(group_definitions).values(name=group_definitions.c.name).returning(_pid, group_definitions.c.organization_id)
)
_WAIT = Statement(select(func.pg_sleep(0.01)))


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite has no pooler."""
    return "postgresql"


class Seen:
    """Which organizations each session of PostgreSQL has served."""

    def __init__(self) -> None:
        self.sessions: dict[int, set[str]] = {}

    def check(self, organization: str, rows: Sequence[Any]) -> None:
        assert {row[1] for row in rows} == {organization}
        self.sessions.setdefault(rows[0][0], set()).add(organization)


async def test_a_pooler_of_transactions_mixes_no_organizations(engine: Database, database_url: str) -> None:
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
        await add_group(engine, "Anger management", organization)
    seen = Seen()
    async with AsyncExitStack() as stack:
        through = await stack.enter_async_context(pgbouncer(database_url, "transaction", sessions=SESSIONS))
        servers = [create_engine(through, Pooling(4, 4, "transaction")) for _ in range(2)]
        for server in servers:
            stack.push_async_callback(server.dispose)
        await asyncio.gather(*(use(servers[number % 2], number, seen) for number in range(CLIENTS)))
        assert await traces(through) == []
    assert {OURS, THEIRS} in seen.sessions.values()


async def use(server: Database, number: int, seen: Seen) -> None:
    """Read and write in turn for both organizations, and interrupt some of the reads."""
    for turn in range(number, number + ROUNDS):
        organization = (OURS, THEIRS)[turn % 2]
        [rows] = await look_up(server, organization, _LOOKUPS, 1)
        seen.check(organization, rows)
        async with snapshot(server, organization) as opened:
            seen.check(organization, await opened.fetch(_READ, {}))
            await opened.fetch(_WAIT, {})
            seen.check(organization, await opened.fetch(_READ, {}))
        if turn % 3 == 0:
            await write(server, organization, seen)
        if turn % 5 == 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(interrupted(server, organization), 0.005)
        if turn % 7 == 0:
            async with reading_all(server, Role.BACKGROUND) as connection:
                await connection.execute(text("SELECT 1"))


async def write(server: Database, organization: str, seen: Seen) -> None:
    one = clinic(server)
    async with unit_of_work(server, Actor("user-1", organization, "request-1"), one.clock, one.new_id) as work:
        seen.check(organization, await work.fetch(_WRITE, {}))


async def interrupted(server: Database, organization: str) -> None:
    async with snapshot(server, organization) as opened:
        await opened.fetch(_WAIT, {})


async def traces(through: str) -> list[Mapping[str, Any]]:
    """Return what sessions of the pooler still hold: a confinement or a prepared statement."""
    connections = [await asyncpg.connect(through, statement_cache_size=0) for _ in range(SESSIONS)]
    try:
        for connection in connections:  # open transactions, so that each has a session of its own
            await connection.execute("BEGIN")
        kept = "SELECT current_user, current_setting('group_sessions.organization_id', true) AS organization"
        prepared = "SELECT name FROM pg_prepared_statements WHERE name <> ''"
        rows = [row for connection in connections for row in await connection.fetch(prepared)]
        confined = [row for connection in connections for row in await connection.fetch(kept)]
        return rows + [row for row in confined if row["organization"] or row["current_user"] == Role.SERVER]
    finally:
        for connection in connections:
            await connection.close()

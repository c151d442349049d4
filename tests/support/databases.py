"""Databases for tests. On PostgreSQL they have the same logins as in production."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.engine import Database, create_engine

OWNER = "clinic_owner"
SERVER = "clinic_server"
PASSWORD = "only-here"

# The SQL of docs/database.md for an administrator, without CREATE DATABASE. Several workers may run it concurrently.
_LOGINS = f"""
DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(4711);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVER}') THEN
    CREATE ROLE pm_group_server NOLOGIN;
    CREATE ROLE pm_group_background NOLOGIN;
    CREATE ROLE pm_group_operator NOLOGIN;
    CREATE ROLE pm_group_reporting NOLOGIN;
    CREATE ROLE pm_group_reporting_identified NOLOGIN;
    CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}';
    CREATE ROLE {SERVER} LOGIN PASSWORD '{PASSWORD}';
    GRANT pm_group_server, pm_group_background, pm_group_operator TO {OWNER};
    GRANT pm_group_server, pm_group_background TO {SERVER};
  END IF;
END $$
"""


class TestedDatabase(Database):
    """A database as the login that serves has it: requests, relays and housekeeping run by it.

    Of `connect` and `begin`, which servers only look at the schema by, tests make what they need, and look at what is
    left behind; so these are of the superuser, who is not confined.
    """

    __test__ = False

    def __init__(self, database_url: str, administrator_url: str, **options: Any) -> None:
        serving = create_engine(database_url, **options)
        super().__init__(serving.sync_engine)
        self.read_pool, self.write_refusals = serving.read_pool, serving.write_refusals
        self._administrator = create_engine(administrator_url) if database_url != administrator_url else serving
        self.operator = create_engine(with_login(administrator_url, OWNER))

    def connect(self) -> AsyncConnection:
        return self._administrator.connect()

    def execution_options(self, **options: Any) -> AsyncEngine:
        return self._administrator.execution_options(**options)

    async def dispose(self, close: bool = True) -> None:
        await super().dispose(close)
        await self._administrator.dispose(close)
        await self.operator.dispose(close)


def operator_of(engine: Database) -> Database:
    """Return the same database through the login that owns the tables, as operators' commands use it."""
    return engine.operator if isinstance(engine, TestedDatabase) else engine


async def until_a_backend_waits(engine: Database) -> None:
    """Wait until a transaction of the PostgreSQL database waits for another one."""
    async with engine.connect() as connection, asyncio.timeout(10):
        while not await waiting_backends(connection):
            await connection.rollback()


async def waiting_backends(connection: AsyncConnection) -> int:
    """Return how many transactions of the PostgreSQL database wait for another one."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return int(await connection.scalar(query) or 0)


def with_login(url: str, login: str) -> str:
    """Return the URL of a PostgreSQL database for another login. SQLite has no logins."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(username=login, password=PASSWORD).render_as_string(hide_password=False)


@contextmanager
def postgres_database(server_url: str, template: str) -> Iterator[str]:
    """Yield the superuser's URL of a new database. The login that migrates owns it."""
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}"))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    asyncio.run(administer(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@asynccontextmanager
async def connections_refused(server_url: str, database: str | None, which: str = "true") -> AsyncIterator[None]:
    """End the connections of a PostgreSQL database that meet a condition, and refuse new ones during the block."""
    await administer(
        server_url,
        f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}' AND {which}",
    )
    yield
    await administer(server_url, f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")


async def make_logins(server_url: str) -> None:
    await administer(server_url, _LOGINS)


async def administer(server_url: str, *statements: str) -> None:
    """Run statements as the superuser, each in its own transaction."""
    connection = await asyncpg.connect(server_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()

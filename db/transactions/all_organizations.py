"""Transactions across organizations, for relays, housekeeping and operators' commands. Requests never use them.

On PostgreSQL only two roles see the rows of all organizations (see `db.connections.roles`), and only the functions of
this module switch to them. SQLite has no roles.

SQLAlchemy runs the statements, because many of them are built for one use. Units of work and snapshots have only the
driver.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.engine import WRITES
from db.connections.pg_transactions import driver_transaction
from db.connections.roles import Role, act_as

_NO_ORGANIZATION = ""
"""The driver's organization. No statement reads it, because none of these transactions is for one organization."""
_NO_TRANSACTIONS: Final = "AUTOCOMMIT"
"""The isolation level with which SQLAlchemy sends no BEGIN or COMMIT of its own."""


@asynccontextmanager
async def reading_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations."""
    if engine.dialect.name == "postgresql":
        async with _pg_transaction(engine, f"BEGIN READ ONLY; {act_as(role)}") as connection:
            yield connection
        return
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def reading_one_moment(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations at one moment."""
    if engine.dialect.name == "postgresql":
        begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {act_as(role)}"
        async with _pg_transaction(engine, begin) as connection:
            yield connection
        return
    async with engine.connect() as connection, connection.begin():
        yield connection


@asynccontextmanager
async def writing_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that may write rows of all organizations. It commits at the end of the block."""
    if engine.dialect.name == "postgresql":
        async with _pg_transaction(engine, f"BEGIN; {act_as(role)}") as connection:
            yield connection
        return
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            yield connection


@asynccontextmanager
async def _pg_transaction(engine: AsyncEngine, begin: str) -> AsyncIterator[AsyncConnection]:
    """Open a transaction on the driver, and give its connection to SQLAlchemy for the block's statements."""
    pooled = await engine.raw_connection()
    async with driver_transaction(engine, pooled, _NO_ORGANIZATION, begin):
        assert pooled.dbapi_connection is not None  # noqa: S101 - only a statement of SQLAlchemy can close it
        engine.dialect.set_isolation_level(pooled.dbapi_connection, _NO_TRANSACTIONS)
        try:
            yield AsyncConnection(engine, Connection(engine.sync_engine, connection=pooled))
        finally:
            if pooled.dbapi_connection is not None:
                engine.dialect.reset_isolation_level(pooled.dbapi_connection)

"""Transactions across organizations, for relays, housekeeping and operators' commands. Requests never use them.

On PostgreSQL only two roles see the rows of all organizations (see `db.connections.roles`), and only the functions of
this module switch to them. SQLite has no roles.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.engine import WRITES
from db.connections.pg_transactions import driver_transaction
from db.connections.roles import Role, act_as

_NO_ORGANIZATION = ""
"""The driver's organization. No statement reads it, because none of these transactions is for one organization."""


@asynccontextmanager
async def reading_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations."""
    if engine.dialect.name == "postgresql":
        async with driver_transaction(engine, _NO_ORGANIZATION, f"BEGIN READ ONLY; {act_as(role)}") as opened:
            yield opened.connection
        return
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def reading_one_moment(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations at one moment."""
    if engine.dialect.name == "postgresql":
        begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {act_as(role)}"
        async with driver_transaction(engine, _NO_ORGANIZATION, begin) as opened:
            yield opened.connection
        return
    async with engine.connect() as connection, connection.begin():
        yield connection


@asynccontextmanager
async def writing_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that may write rows of all organizations. It commits at the end of the block."""
    if engine.dialect.name == "postgresql":
        async with driver_transaction(engine, _NO_ORGANIZATION, f"BEGIN; {act_as(role)}") as opened:
            yield opened.connection
        return
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            yield connection

"""Transactions across organizations, for relays, housekeeping and operators' commands. Requests never use them.

On PostgreSQL the tables show the rows of all organizations only to a transaction that acts as one of two roles (see
`db.connections.roles`): naming the role here is the one way there. SQLite has no roles.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.engine import WRITES
from db.connections.pg_transactions import driver_transaction
from db.connections.roles import Role, act_as

_ALL = ""
"""The organization of a driver that is used for none: every statement names its own."""


@asynccontextmanager
async def reading_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations."""
    if engine.dialect.name == "postgresql":
        async with driver_transaction(engine, _ALL, f"BEGIN READ ONLY; {act_as(role)}") as opened:
            yield opened.connection
        return
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def reading_one_moment(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads the rows of all organizations as of one moment."""
    if engine.dialect.name == "postgresql":
        begin = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {act_as(role)}"
        async with driver_transaction(engine, _ALL, begin) as opened:
            yield opened.connection
        return
    async with engine.connect() as connection, connection.begin():
        yield connection


@asynccontextmanager
async def writing_all(engine: AsyncEngine, role: Role) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that may write rows of all organizations. Leaving the block commits."""
    if engine.dialect.name == "postgresql":
        async with driver_transaction(engine, _ALL, f"BEGIN; {act_as(role)}") as opened:
            yield opened.connection
        return
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            yield connection

"""Transactions of relays and operators, which alone look across organizations.

They run in the login of DATABASE_URL, which owns the tables: `db.row_security` confines requests, not these.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import WRITES


@asynccontextmanager
async def reading_all(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Opens a transaction that reads the rows of all organizations."""
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def writing_all(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Opens a transaction that may write rows of all organizations. Leaving the block commits."""
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            yield connection

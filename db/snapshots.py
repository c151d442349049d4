"""Reading. A snapshot is a transaction that sees a single moment of the database.

Statements go to the driver itself (asyncpg, aiosqlite), on a connection of the engine's pool: SQLAlchemy writes them,
once, and has no part in running them.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.row_security import confining_text
from db.statement import Statement
from db.statements import count_statement

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Snapshot:
    """A transaction that reads, bound to one organization. It holds a connection until it is closed."""

    __slots__ = ("_driver", "_pooled", "dialect", "on_postgresql", "organization_id")

    def __init__(self, organization_id: str, dialect: Dialect, pooled: PoolProxiedConnection) -> None:
        """Begins nothing yet; `open_snapshot` does."""
        self.organization_id = organization_id
        self.dialect = dialect
        self.on_postgresql = dialect.name == "postgresql"
        self._pooled = pooled
        self._driver: Any = pooled.driver_connection

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Gives the statement's rows, each a sequence in the order of its columns.

        The parameter organization_id is the snapshot's own.

        Raises:
            DBAPIError: Where the database refuses or is lost; it tells the statement without its parameters.
        """
        compiled = statement.compiled(self.dialect)
        arguments = compiled.arguments({**parameters, "organization_id": self.organization_id})
        started = time.perf_counter()
        try:
            if self.on_postgresql:
                rows = await self._driver.fetch(compiled.text, *arguments)
            else:
                rows = await self._driver.execute_fetchall(compiled.text, arguments)
        except Exception as fault:
            raise self._told(compiled.text, fault) from fault
        finally:
            count_statement(time.perf_counter() - started)
        return compiled.read(rows)

    async def begin(self) -> None:
        """Begins the transaction, in one round trip. Raises DBAPIError."""
        await self._run(f"{_BEGIN}; {confining_text(self.organization_id)}" if self.on_postgresql else "BEGIN")

    async def close(self) -> None:
        """Ends the transaction, which has changed nothing, and gives the connection back. Raises DBAPIError."""
        reusable = False
        try:
            if not self._is_lost():
                await self._run("ROLLBACK")
                reusable = True
        finally:
            if reusable and self.on_postgresql:
                self._pooled.close()  # nothing is left to do for the driver, so there is nothing to wait for
            else:
                await greenlet_spawn(self._pooled.close if reusable else self._pooled.invalidate)

    def _is_lost(self) -> bool:
        return self.on_postgresql and bool(self._driver.is_closed())

    async def _run(self, command: str) -> None:
        try:
            await (self._driver.execute(command) if self.on_postgresql else self._driver.execute_fetchall(command))
        except Exception as fault:
            raise self._told(command, fault) from fault

    def _told(self, statement: str, fault: Exception) -> DBAPIError:
        # As SQLAlchemy tells it, so that faults are known by one kind of exception.
        return DBAPIError(statement, None, fault, hide_parameters=True, connection_invalidated=self._is_lost())


async def open_snapshot(engine: AsyncEngine, organization_id: str) -> Snapshot:
    """Begins a transaction that reads: all its statements see the same moment of the database. Raises DBAPIError."""
    opened = Snapshot(organization_id, engine.dialect, await engine.raw_connection())
    try:
        await opened.begin()
    except BaseException:
        await opened.close()
        raise
    return opened


@asynccontextmanager
async def snapshot(engine: AsyncEngine, organization_id: str) -> AsyncIterator[Snapshot]:
    """Opens a snapshot for a block."""
    opened = await open_snapshot(engine, organization_id)
    try:
        yield opened
    finally:
        await opened.close()

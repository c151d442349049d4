"""Reading. A snapshot is a transaction that sees a single moment of the database.

Statements go to the driver itself (asyncpg, aiosqlite), on a connection of the engine's pool: SQLAlchemy writes them,
once, and has no part in running them.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util.concurrency import greenlet_spawn

from db.row_security import confining_text
from db.statement import Statement
from db.statements import count_statement

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A transaction that reads, bound to one organization.

    Attributes:
        organization_id: The organization whose rows it may read.
        dialect: The database's kind.
        driver: The driver's own connection.
    """

    organization_id: str
    dialect: Dialect
    driver: Any

    @property
    def on_postgresql(self) -> bool:
        """Whether the database is PostgreSQL; else it is SQLite."""
        return self.dialect.name == "postgresql"

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self.on_postgresql and bool(self.driver.is_closed())

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
                rows = await self.driver.fetch(compiled.text, *arguments)
            else:
                rows = await self.driver.execute_fetchall(compiled.text, arguments)
        except Exception as fault:
            raise self._told(compiled.text, fault) from fault
        finally:
            count_statement(time.perf_counter() - started)
        return compiled.read(rows)

    async def begin(self) -> None:
        """Begins the transaction, in one round trip. Raises DBAPIError."""
        await self._run(f"{_BEGIN}; {confining_text(self.organization_id)}" if self.on_postgresql else "BEGIN")

    async def end(self) -> None:
        """Ends the transaction; it has changed nothing. Raises DBAPIError."""
        await self._run("ROLLBACK")

    async def _run(self, command: str) -> None:
        try:
            await (self.driver.execute(command) if self.on_postgresql else self.driver.execute_fetchall(command))
        except Exception as fault:
            raise self._told(command, fault) from fault

    def _told(self, statement: str, fault: Exception) -> DBAPIError:
        # As SQLAlchemy tells it, so that faults are known by one kind of exception.
        return DBAPIError(statement, None, fault, hide_parameters=True, connection_invalidated=self.is_lost)


@asynccontextmanager
async def snapshot(engine: AsyncEngine, organization_id: str) -> AsyncIterator[Snapshot]:
    """Opens a transaction that reads: all its statements see the same moment of the database."""
    pooled = await engine.raw_connection()
    driver: Any = pooled.driver_connection
    seen = Snapshot(organization_id, engine.dialect, driver)
    reusable = False
    try:
        await seen.begin()
        try:
            yield seen
        finally:
            if not seen.is_lost:
                await seen.end()
                reusable = True
    finally:
        await greenlet_spawn(pooled.close if reusable else pooled.invalidate)

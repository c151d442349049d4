"""Reading. A snapshot is a transaction that sees a single moment of the database, on a connection of the pool."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from db.drivers import Driver, give_back
from db.row_security import confining_text
from db.statement import Statement

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Snapshot:
    """A transaction that reads, bound to one organization. It holds a connection until it is closed."""

    __slots__ = ("_fault", "_pooled", "driver", "on_postgresql", "organization_id")

    def __init__(self, organization_id: str, dialect: Dialect, pooled: PoolProxiedConnection) -> None:
        """Begins nothing yet; `open_snapshot` does."""
        self.organization_id = organization_id
        self.on_postgresql = dialect.name == "postgresql"
        self.driver = Driver(organization_id, dialect, pooled.driver_connection)
        self._pooled = pooled
        self._fault: DBAPIError | None = None

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Gives the statement's rows as `Driver.fetch` does. Raises DBAPIError: after a first fault always that one."""
        # PostgreSQL answers nothing more in a transaction that has failed, and does not repeat why.
        if self._fault is not None:
            raise self._fault
        try:
            return await self.driver.fetch(statement, parameters)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def begin(self) -> None:
        """Begins the transaction, in one round trip. Raises DBAPIError."""
        await self.driver.run(f"{_BEGIN}; {confining_text(self.organization_id)}" if self.on_postgresql else "BEGIN")

    async def close(self) -> None:
        """Ends the transaction, which has changed nothing, and gives the connection back. Raises DBAPIError."""
        reusable = False
        try:
            if not self.driver.is_lost():
                await self.driver.run("ROLLBACK")
                reusable = True
        finally:
            await give_back(self._pooled, self.driver, reusable=reusable)


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

"""Snapshots: read-only transactions that see one moment of the database, on connections of the read pool."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from db.connections.engine import Database
from db.connections.faults import is_unavailable
from db.connections.read_pool import PooledDriver, ReadPool
from db.sql.lookups import Lookup, LookupSet
from db.sql.statement import Statement

Result = TypeVar("Result")


class Snapshot:
    """A read-only transaction for one organization. It holds a connection until it is closed."""

    __slots__ = ("_fault", "_read_pool", "driver", "on_postgresql", "organization_id")

    def __init__(self, read_pool: ReadPool, driver: PooledDriver) -> None:
        """Wrap a connection. `open_snapshot` begins the transaction."""
        self.organization_id = driver.organization_id
        self.on_postgresql = driver.on_postgresql
        self.driver = driver
        self._read_pool = read_pool
        self._fault: DBAPIError | None = None

    async def fetch(
        self, statement: Statement, parameters: Mapping[str, Any], seconds: float | None = None
    ) -> Sequence[Any]:
        """Return the statement's rows as `Driver.fetch` does. Raise DBAPIError; after a fault, always the same one."""
        # PostgreSQL refuses every later statement of a failed transaction, with an error that hides the cause.
        if self._fault is not None:
            raise self._fault
        try:
            return await self.driver.fetch(statement, parameters, seconds)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def allow_seconds(self, seconds: float) -> None:
        """Allow its later statements to take longer than those of other snapshots. Raise DBAPIError."""
        if self.on_postgresql:
            await self.driver.run(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")

    async def copy(
        self,
        statement: Statement,
        parameters: Mapping[str, Any],
        write: Callable[[bytes], Awaitable[None]],
        *,
        seconds: float,
        **options: Any,
    ) -> int:
        """Write a query's rows as `Driver.copy` does, and return their number. Raise DBAPIError."""
        try:
            return await self.driver.copy(statement, parameters, write, seconds=seconds, **options)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def stream(
        self, statement: Statement, parameters: Mapping[str, Any], batch: int
    ) -> AsyncIterator[Sequence[Any]]:
        """Yield a query's rows in batches, as `Driver.stream` does. Raise DBAPIError."""
        async for rows in self.driver.stream(statement, parameters, batch):
            yield rows

    async def look_up(self, lookups: LookupSet, id: object) -> list[Any]:
        """Return the result of each lookup for the id. Raise DBAPIError as `fetch` does."""
        if self._fault is not None:
            raise self._fault
        try:
            return await self.driver.look_up(lookups, id)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def find(self, lookup: Lookup[Result], id: object) -> Result:
        """Return the result of a lookup for the id. Raise DBAPIError as `fetch` does."""
        return lookup.of_rows(await self.fetch(lookup.statement, {**lookup.parameters, lookup.id_parameter: id}))

    async def begin(self) -> None:
        """Begin the transaction. Raise DBAPIError."""
        await self.driver.begin_snapshot()

    async def close(self) -> None:
        """End the transaction and return the connection to the pool. Raise DBAPIError."""
        reusable = False
        try:
            # No rollback after a timeout: it would wait once more for a database that does not respond.
            if not self.driver.is_lost() and not is_unavailable(self._fault):
                await self.driver.run("ROLLBACK")
                reusable = True
        finally:
            await self._read_pool.release(self.driver, reusable=reusable)


async def look_up(engine: Database, organization_id: str, lookups: LookupSet, id: object) -> list[Any]:
    """Return the result of each lookup for the id, all of one moment. Raise DBAPIError.

    On PostgreSQL they are one statement, which sees one moment. It needs a transaction around it only behind a pooler.
    """
    read_pool = engine.read_pool
    if not read_pool.reads_without_snapshot:
        async with snapshot(engine, organization_id) as opened:
            return await opened.look_up(lookups, id)
    driver = await read_pool.acquire(organization_id)
    reusable = False
    try:
        results = await driver.look_up(lookups, id)
        reusable = True
    except DBAPIError as fault:
        reusable = not driver.is_lost() and not is_unavailable(fault)
        raise
    finally:
        await read_pool.release(driver, reusable=reusable)
    return results


async def open_snapshot(engine: Database, organization_id: str) -> Snapshot:
    """Begin a read-only transaction, whose statements all see the same moment. Raise DBAPIError."""
    driver = await engine.read_pool.acquire(organization_id)
    opened = Snapshot(engine.read_pool, driver)
    try:
        await opened.begin()
    except BaseException:
        # The connection may have timed out. It is closed, since a rollback could wait once more.
        await engine.read_pool.release(driver, reusable=False)
        raise
    return opened


@asynccontextmanager
async def snapshot(engine: Database, organization_id: str) -> AsyncIterator[Snapshot]:
    """Open a snapshot for a block, and close it at the end."""
    opened = await open_snapshot(engine, organization_id)
    try:
        yield opened
    finally:
        await opened.close()

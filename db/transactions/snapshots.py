"""Snapshots: transactions that read a single moment of the database, on a connection of `db.connections.read_pool`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from sqlalchemy.exc import DBAPIError

from db.connections.engine import Database
from db.connections.faults import is_unavailable
from db.connections.read_pool import PooledDriver, ReadPool
from db.sql.lookups import Lookup, Lookups
from db.sql.statement import Statement

Found = TypeVar("Found")

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Snapshot:
    """A transaction that reads, bound to one organization. It holds a connection until it is closed."""

    __slots__ = ("_fault", "_read_pool", "driver", "on_postgresql", "organization_id")

    def __init__(self, read_pool: ReadPool, driver: PooledDriver) -> None:
        """Begin nothing yet; `open_snapshot` does."""
        self.organization_id = driver.organization_id
        self.on_postgresql = driver.on_postgresql
        self.driver = driver
        self._read_pool = read_pool
        self._fault: DBAPIError | None = None

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the statement's rows as `Driver.fetch` does. Raise DBAPIError: after a fault always that one."""
        # PostgreSQL answers nothing more in a transaction that has failed, and does not repeat why.
        if self._fault is not None:
            raise self._fault
        try:
            return await self.driver.fetch(statement, parameters)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def look_up(self, lookups: Lookups, id: object) -> list[Any]:
        """Return what each of the lookups finds by the id. Raises as above."""
        if self._fault is not None:
            raise self._fault
        try:
            return await self.driver.look_up(lookups, id)
        except DBAPIError as fault:
            self._fault = fault
            raise

    async def find(self, lookup: Lookup[Found], id: object) -> Found:
        """Return what the lookup finds by the id. Raises as above."""
        return lookup.of_rows(await self.fetch(lookup.statement, {**lookup.parameters, lookup.id_parameter: id}))

    async def begin(self) -> None:
        """Begin the transaction. Raise DBAPIError."""
        await self.driver.run(_BEGIN if self.on_postgresql else "BEGIN")

    async def close(self) -> None:
        """End the transaction, which has changed nothing, and return the connection back. Raise DBAPIError."""
        reusable = False
        try:
            # A database that has fallen silent is not asked to roll back: it would be waited for once more.
            if not self.driver.is_lost() and not is_unavailable(self._fault):
                await self.driver.run("ROLLBACK")
                reusable = True
        finally:
            await self._read_pool.release(self.driver, reusable=reusable)


async def look_up(engine: Database, organization_id: str, lookups: Lookups, id: object) -> list[Any]:
    """Return what each of the lookups finds by the id, all at the same moment. Raise DBAPIError.

    PostgreSQL is asked by one statement, which needs no transaction around it to see a single moment.
    """
    if engine.dialect.name != "postgresql":
        async with snapshot(engine, organization_id) as opened:
            return await opened.look_up(lookups, id)
    read_pool = engine.read_pool
    driver = await read_pool.acquire(organization_id)
    reusable = False
    try:
        found = await driver.look_up(lookups, id)
        reusable = True
    except DBAPIError as fault:
        reusable = not driver.is_lost() and not is_unavailable(fault)
        raise
    finally:
        await read_pool.release(driver, reusable=reusable)
    return found


async def open_snapshot(engine: Database, organization_id: str) -> Snapshot:
    """Begin a transaction that reads: all its statements see the same moment of the database. Raise DBAPIError."""
    driver = await engine.read_pool.acquire(organization_id)
    opened = Snapshot(engine.read_pool, driver)
    try:
        await opened.begin()
    except BaseException:
        # Whatever has become of it, nothing waits once more for a database that may have fallen silent.
        await engine.read_pool.release(driver, reusable=False)
        raise
    return opened


@asynccontextmanager
async def snapshot(engine: Database, organization_id: str) -> AsyncIterator[Snapshot]:
    """Open a snapshot for a block."""
    opened = await open_snapshot(engine, organization_id)
    try:
        yield opened
    finally:
        await opened.close()

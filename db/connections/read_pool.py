"""The connections that requests read by.

On PostgreSQL they are of their own, apart from those that write. A connection that reads is confined to an organization
as a session, not anew in each transaction, and stays so until another organization needs it: what is read by one
statement then takes one round trip, where confining a transaction for it would take three. Each statement proves that
the session it runs in is the confined one: a pooler in between may have brought it to another.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.driver import Driver, release
from db.connections.faults import Busy
from db.connections.roles import confine_session, proving_confinement


class PooledDriver(Driver):
    """A driver's connection that was taken from `ReadPool`."""

    __slots__ = ("pooled",)

    def __init__(self, organization_id: str, dialect: Dialect, pooled: PoolProxiedConnection) -> None:
        super().__init__(organization_id, dialect, pooled.driver_connection)
        self.pooled = pooled


class ConfinedDriver(PooledDriver):
    """A connection to PostgreSQL whose statements fail unless its session is confined to the organization."""

    __slots__ = ()

    async def confine(self) -> None:
        """Confine the session. Raise DBAPIError."""
        # Outside of a transaction: what is set in one is undone with it.
        await self.run(confine_session(self.organization_id))

    async def _ask(self, text: str, arguments: Sequence[Any]) -> Sequence[Any]:
        proven = _proving_confinement(text, len(arguments) + 1)
        return await super()._ask(proven, [*arguments, self.organization_id])


# The driver looks a statement up by its text, which is hashed once where it is the same object each time.
_proving_confinement = lru_cache(maxsize=200)(proving_confinement)


class ReadPool(Protocol):
    """Connections to take, and to give back."""

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection, outside of any transaction. Raises what `db.connections.faults.classify_fault` knows."""

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Take a connection back, or end one that nobody can use again."""

    async def close(self) -> None:
        """End the connections."""


class SharedReadPool:
    """The connections of an engine's own pool, for SQLite: there is nothing to confine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection."""
        return PooledDriver(organization_id, self._engine.dialect, await self._engine.raw_connection())

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Take a connection back."""
        await release(driver.pooled, driver, reusable=reusable)

    async def close(self) -> None:
        """Do nothing: the engine ends its connections."""


class ConfinedReadPool:
    """Connections to PostgreSQL that see one organization's rows each, and change nothing.

    They are kept here, since SQLAlchemy's pool and asyncpg's each take longer to hand one out than asyncpg takes to
    read by it.
    """

    def __init__(self, engine: AsyncEngine, size: int, pool_timeout: float) -> None:
        """Open nothing yet.

        Args:
            engine: Makes connections, and keeps none.
            size: How many there are at most.
            pool_timeout: How long to wait for one where all are in use.
        """
        self.engine = engine
        self._size = size
        self._wait_seconds = pool_timeout
        self._places = asyncio.Semaphore(size)
        self._open = 0
        self._idle: list[PooledDriver] = []
        self._in_use: set[PooledDriver] = set()

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection, confined to the organization; by preference the one that was used last.

        Raises Busy where none is free in time, and what connecting raises.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        try:
            driver = self._confined(organization_id) or await self._confine(organization_id)
        except BaseException:
            self._places.release()
            raise
        self._in_use.add(driver)
        return driver

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Take a connection back, outside of any transaction, or end it."""
        self._places.release()
        kept = reusable and driver in self._in_use  # after `close` it is not kept any more
        self._in_use.discard(driver)
        if kept:
            self._idle.append(driver)
        else:
            await self._end(driver)

    async def close(self) -> None:
        """End the connections that nobody uses, and those in use once they are given back."""
        self._in_use.clear()
        ended, self._idle = self._idle, []
        await asyncio.gather(*map(self._end, ended))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Busy from None

    def _confined(self, organization_id: str) -> PooledDriver | None:
        for place in range(len(self._idle) - 1, -1, -1):
            if self._idle[place].organization_id == organization_id and not self._idle[place].is_lost():
                return self._idle.pop(place)
        return None

    async def _confine(self, organization_id: str) -> PooledDriver:
        driver = ConfinedDriver(organization_id, self.engine.dialect, await self._taken_over() or await self._new())
        try:
            await driver.confine()
        except BaseException:
            await self._end(driver)
            raise
        return driver

    async def _taken_over(self) -> PoolProxiedConnection | None:
        """Return another organization's connection, where there may be no more: the one that was used longest ago."""
        while self._idle and self._open >= self._size:
            other = self._idle.pop(0)
            if not other.is_lost():
                return other.pooled
            await self._end(other)
        return None

    async def _new(self) -> PoolProxiedConnection:
        self._open += 1
        try:
            return await self.engine.raw_connection()
        except BaseException:
            self._open -= 1
            raise

    async def _end(self, driver: PooledDriver) -> None:
        self._open -= 1
        await greenlet_spawn(driver.pooled.invalidate)

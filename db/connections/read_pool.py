"""The pool of connections that requests read with.

On PostgreSQL they are separate from the connections that write. A read connection is confined to an organization for
its whole session, until another organization needs it. So a single statement takes one round trip; to confine a
transaction for it would take three. Behind a pooler that pools transactions, a connection has no session of its own, so
every read is a transaction, which is confined as it begins. Either way, each statement checks that it runs confined.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.driver import Driver, release
from db.connections.faults import Busy
from db.connections.roles import confine_session, confine_snapshot, with_confinement_check

_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True)
class PoolUse:
    """How many connections of a pool are in use and idle, and how many it may open."""

    in_use: int
    idle: int
    limit: int


class PooledDriver(Driver):
    """A connection that was acquired from a `ReadPool`."""

    __slots__ = ("pooled",)

    def __init__(self, organization_id: str, dialect: Dialect, pooled: PoolProxiedConnection) -> None:
        super().__init__(organization_id, dialect, pooled.driver_connection)
        self.pooled = pooled

    async def begin_snapshot(self) -> None:
        """Begin a read-only transaction. Raise DBAPIError."""
        await self.run("BEGIN")


class ConfinedDriver(PooledDriver):
    """A connection to PostgreSQL whose statements fail unless they run confined to the organization."""

    __slots__ = ()

    def _confined(self, text: str, arguments: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        return _with_confinement_check(text, len(arguments) + 1), [*arguments, self.organization_id]


class SessionDriver(ConfinedDriver):
    """A connection that has a session of its own, which is confined to one organization at a time."""

    __slots__ = ()

    async def confine(self) -> None:
        """Confine the session. Raise DBAPIError."""
        # Outside of a transaction, so that no rollback undoes it.
        await self.run(confine_session(self.organization_id))

    async def begin_snapshot(self) -> None:
        """Begin a read-only transaction. Raise DBAPIError."""
        await self.run(_BEGIN)


class TransactionDriver(ConfinedDriver):
    """A connection through a pooler that pools transactions. Its statements fail outside of a snapshot."""

    __slots__ = ()

    async def begin_snapshot(self) -> None:
        """Begin a read-only transaction that is confined, in one round trip. Raise DBAPIError."""
        await self.run(f"{_BEGIN}; {confine_snapshot(self.organization_id)}")


# asyncpg finds a prepared statement by its text. A cached text is one object, and Python hashes it only once.
_with_confinement_check = lru_cache(maxsize=200)(with_confinement_check)


class ReadPool(Protocol):
    """A pool of connections for reading.

    Attributes:
        reads_without_snapshot: Whether a single statement needs no snapshot around it.
    """

    reads_without_snapshot: bool

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection that is in no transaction. Raise errors that `classify_fault` recognizes."""

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Return a connection to the pool, or close it if it is not reusable."""

    async def close(self) -> None:
        """Close the connections."""

    def use(self) -> PoolUse | None:
        """Return how many connections it has; None if they are those of the engine's own pool."""


class SharedReadPool:
    """The engine's own pool, for SQLite, which has no sessions to confine."""

    reads_without_snapshot = False

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection of the engine's pool."""
        return PooledDriver(organization_id, self._engine.dialect, await self._engine.raw_connection())

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Return a connection to the engine's pool, or close it."""
        await release(driver.pooled, driver, reusable=reusable)

    async def close(self) -> None:
        """Do nothing: the engine closes its connections."""

    def use(self) -> None:
        """Return None: the connections are the engine's."""


class ConfinedReadPool:
    """Connections to PostgreSQL that are each confined to reading one organization's rows.

    This pool exists for speed: acquiring a connection from SQLAlchemy's or asyncpg's pool takes longer than a read.
    """

    reads_without_snapshot = True

    def __init__(self, engine: AsyncEngine, size: int, pool_timeout: float) -> None:
        """Start with no connections.

        Args:
            engine: Opens the connections. It must not pool them.
            size: The most connections.
            pool_timeout: How many seconds to wait for a connection if all are in use.
        """
        self.engine = engine
        self._size = size
        self._pool_timeout = pool_timeout
        self._slots = asyncio.Semaphore(size)
        self._open = 0
        self._idle: list[PooledDriver] = []
        self._in_use: set[PooledDriver] = set()

    async def acquire(self, organization_id: str) -> PooledDriver:
        """Return a connection that is confined to the organization, preferably the one that was used last.

        Raise Busy if none is released in time, and the errors of connecting.
        """
        if self._slots.locked():
            await self._wait()
        else:
            await self._slots.acquire()
        try:
            driver = await self._take(organization_id)
        except BaseException:
            self._slots.release()
            raise
        self._in_use.add(driver)
        return driver

    async def release(self, driver: PooledDriver, *, reusable: bool) -> None:
        """Return a connection that is in no transaction to the pool, or close it if it is not reusable."""
        self._slots.release()
        reusable = reusable and driver in self._in_use  # `close` clears the set
        self._in_use.discard(driver)
        if reusable:
            self._idle.append(driver)
        else:
            await self._close_driver(driver)

    async def close(self) -> None:
        """Close the idle connections now, and those in use when they are released."""
        self._in_use.clear()
        idle, self._idle = self._idle, []
        await asyncio.gather(*map(self._close_driver, idle))

    def use(self) -> PoolUse:
        """Return how many connections it has."""
        return PoolUse(len(self._in_use), len(self._idle), self._size)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._pool_timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy from None

    async def _take(self, organization_id: str) -> PooledDriver:
        return self._idle_connection(organization_id) or await self._confine(organization_id)

    def _idle_connection(self, organization_id: str) -> PooledDriver | None:
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].organization_id == organization_id and not self._idle[index].is_lost():
                return self._idle.pop(index)
        return None

    async def _confine(self, organization_id: str) -> PooledDriver:
        driver = SessionDriver(organization_id, self.engine.dialect, await self._reassign() or await self._connect())
        try:
            await driver.confine()
        except BaseException:
            await self._close_driver(driver)
            raise
        return driver

    async def _reassign(self) -> PoolProxiedConnection | None:
        """Return the least recently used connection of another organization, if the pool is full."""
        while self._idle and self._open >= self._size:
            other = self._idle.pop(0)
            if not other.is_lost():
                return other.pooled
            await self._close_driver(other)
        return None

    async def _connect(self) -> PoolProxiedConnection:
        self._open += 1
        try:
            return await self.engine.raw_connection()
        except BaseException:
            self._open -= 1
            raise

    async def _close_driver(self, driver: PooledDriver) -> None:
        self._open -= 1
        await greenlet_spawn(driver.pooled.invalidate)


class TransactionReadPool(ConfinedReadPool):
    """Connections through a pooler that pools transactions. Each of them serves all organizations."""

    reads_without_snapshot = False

    async def _take(self, organization_id: str) -> PooledDriver:
        while self._idle:
            idle = self._idle.pop()
            if not idle.is_lost():
                return TransactionDriver(organization_id, self.engine.dialect, idle.pooled)
            await self._close_driver(idle)
        return TransactionDriver(organization_id, self.engine.dialect, await self._connect())

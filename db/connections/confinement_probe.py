"""Proves that what confines a read to an organization reaches the session that runs it.

A pooler between this process and PostgreSQL may run each transaction, or even each statement, of a connection in any
free session. An idle pooler often picks the same session again, so the probe forces a choice: several connections, each
confined to its own organization, read in changing order while the others hold transactions open. Every read checks that
it runs confined.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from sqlalchemy import literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.faults import FaultKind, classify_fault
from db.connections.read_pool import ConfinedDriver, ConfinedReadPool, SessionDriver, TransactionDriver
from db.sql.statement import Statement

PROBE_SECONDS: Final = 30.0
"""How long the probe may take. It needs three sessions at once, which a pooler may have to free first."""

_CONNECTIONS: Final = 3
_ROUNDS: Final = 3
_READ: Final = Statement(select(literal(1)))
_Driver = TypeVar("_Driver", bound=ConfinedDriver)


async def confinement_holds(read_pool: ConfinedReadPool) -> bool:
    """Return whether reads of this pool run confined, whatever is between this process and PostgreSQL.

    Raises:
        DBAPIError: The database cannot be used.
        TimeoutError: The probe got no three sessions within PROBE_SECONDS.
    """
    interleave = _interleave_sessions if read_pool.reads_without_snapshot else _interleave_transactions
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await interleave(read_pool)
    except DBAPIError as fault:
        if classify_fault(fault) is FaultKind.NOT_CONFINED:
            return False
        raise
    except _SharedSession:
        return False
    return True


class _SharedSession(Exception):
    """A connection does not keep a session of its own."""


async def _interleave_sessions(read_pool: ConfinedReadPool) -> None:
    async with _connections(read_pool, SessionDriver) as drivers:
        # First without settings, which would stay in sessions that other clients of the pooler use.
        sessions = [await _session_of(driver) for driver in drivers]
        if len({*sessions}) < len(drivers):
            raise _SharedSession
        for reader in drivers:
            async with _open_transactions([driver for driver in drivers if driver is not reader]):
                if [await _session_of(driver) for driver in drivers] != sessions:
                    raise _SharedSession
        for driver in drivers:
            await driver.confine()
        for _ in range(_ROUNDS):
            for driver in (*drivers, *reversed(drivers)):
                await driver.fetch(_READ, {})
        for reader in drivers:
            async with _open_transactions([driver for driver in drivers if driver is not reader]):
                await reader.fetch(_READ, {})
            await asyncio.gather(*(driver.fetch(_READ, {}) for driver in drivers))


async def _interleave_transactions(read_pool: ConfinedReadPool) -> None:
    async with _connections(read_pool, TransactionDriver) as drivers:
        for reader in drivers:
            for driver in drivers:
                await driver.begin_snapshot()
            for driver in (*drivers, *reversed(drivers)):
                await driver.fetch(_READ, {})
            await reader.run("ROLLBACK")
            await reader.begin_snapshot()
            await asyncio.gather(*(driver.fetch(_READ, {}) for driver in drivers))
            for driver in drivers:
                await driver.run("ROLLBACK")


@asynccontextmanager
async def _connections(read_pool: ConfinedReadPool, kind: type[_Driver]) -> AsyncIterator[list[_Driver]]:
    drivers: list[_Driver] = []
    try:
        for number in range(_CONNECTIONS):
            pooled = await read_pool.engine.raw_connection()
            drivers.append(kind(f"probe {number}", read_pool.engine.dialect, pooled))
        yield drivers
    finally:
        await asyncio.gather(*(greenlet_spawn(driver.pooled.invalidate) for driver in drivers))


@asynccontextmanager
async def _open_transactions(drivers: Sequence[ConfinedDriver]) -> AsyncIterator[None]:
    for driver in drivers:
        await driver.run("BEGIN")
    try:
        yield
    finally:
        for driver in drivers:
            with suppress(DBAPIError):
                await driver.run("ROLLBACK")


async def _session_of(driver: ConfinedDriver) -> int:
    # Without a name, so that no prepared statement stays in a session of the pooler.
    statement = await driver.connection.prepare("SELECT pg_backend_pid()", name="")
    return int(await statement.fetchval())

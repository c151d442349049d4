"""Detects a connection pooler that does not keep each connection in its own PostgreSQL session.

A pooler that pools transactions runs each transaction of a connection in any free session. An idle pooler often picks
the same session again, so the probe forces a choice: several connections, each confined to its own organization, read
in changing order while the others hold transactions open. Every read checks that its session is the confined one.
"""

import asyncio
from contextlib import suppress
from typing import Final

from sqlalchemy import literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.read_pool import ConfinedDriver
from db.connections.roles import NOT_CONFINED
from db.sql.statement import Statement

_CONNECTIONS: Final = 3
_ROUNDS: Final = 3
_READ: Final = Statement(select(literal(1)))

# SQLSTATE codes that show another session: it is not confined, lacks a prepared statement, or has it already.
_ANOTHER_SESSION: Final = frozenset({NOT_CONFINED, "26000", "42P05"})


async def confinement_holds(engine: AsyncEngine) -> bool:
    """Return whether each connection keeps its session. Raise DBAPIError if the database cannot be used.

    Args:
        engine: Opens the connections. It must not pool them.
    """
    drivers: list[ConfinedDriver] = []
    try:
        for number in range(_CONNECTIONS):
            pooled = await engine.raw_connection()
            drivers.append(ConfinedDriver(f"probe {number}", engine.dialect, pooled))
        await _interleave(drivers)
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) in _ANOTHER_SESSION:
            return False
        raise
    finally:
        await asyncio.gather(*(greenlet_spawn(driver.pooled.invalidate) for driver in drivers))
    return True


async def _interleave(drivers: list[ConfinedDriver]) -> None:
    for driver in drivers:
        await driver.confine()
    for _ in range(_ROUNDS):
        for driver in (*drivers, *reversed(drivers)):
            await driver.fetch(_READ, {})
    for reader in drivers:
        others = [driver for driver in drivers if driver is not reader]
        for driver in others:
            await driver.run("BEGIN")
        try:
            await reader.fetch(_READ, {})
        finally:
            for driver in others:
                with suppress(DBAPIError):
                    await driver.run("ROLLBACK")
        await asyncio.gather(*(driver.fetch(_READ, {}) for driver in drivers))

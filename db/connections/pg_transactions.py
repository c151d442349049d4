"""Transactions on PostgreSQL, begun and ended on the driver itself: a round trip each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from db.connections.driver import Driver, release
from db.connections.faults import REFUSALS, OutcomeUnknown, classify_fault, is_unavailable

_ITS_OWN: Final = "AUTOCOMMIT"
"""SQLAlchemy's name for: send what is to be sent, and leave transactions to whoever holds the connection."""


class DriverTransaction:
    """A transaction on a connection of the pool. SQLAlchemy's own connection is made where a statement needs it."""

    def __init__(self, engine: AsyncEngine, organization_id: str, pooled: PoolProxiedConnection) -> None:
        """Begin nothing yet; `driver_transaction` does."""
        self.driver = Driver(organization_id, engine.dialect, pooled.driver_connection)
        self._engine = engine
        self._pooled = pooled
        self._connection: AsyncConnection | None = None

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's connection, for statements that are built for one use."""
        if self._connection is None:
            assert self._pooled.dbapi_connection is not None  # noqa: S101 - it is held until `release`
            self._engine.dialect.set_isolation_level(self._pooled.dbapi_connection, _ITS_OWN)
            on_it = Connection(self._engine.sync_engine, connection=self._pooled)
            self._connection = AsyncConnection(self._engine, on_it)
        return self._connection

    async def release(self, *, reusable: bool) -> None:
        """Give the connection back as it was, or end it."""
        if self._pooled.dbapi_connection is None:
            return  # SQLAlchemy has found it lost, and ended it
        if self._connection is not None:
            self._engine.dialect.reset_isolation_level(self._pooled.dbapi_connection)
        await release(self._pooled, self.driver, reusable=reusable)


@asynccontextmanager
async def driver_transaction(engine: AsyncEngine, organization_id: str, begin: str) -> AsyncIterator[DriverTransaction]:
    """Open a transaction. Leaving the block commits; an exception rolls everything back.

    Args:
        engine: The database.
        organization_id: The organization whose statements the driver runs.
        begin: BEGIN, and with it in the same round trip what the transaction starts with (see `db.connections.roles`).

    Raises:
        OutcomeUnknown: Where the connection is lost during the commit.
    """
    transaction = DriverTransaction(engine, organization_id, await engine.raw_connection())
    driver = transaction.driver
    committing = reusable = False
    try:
        await driver.run(begin)
        yield transaction
        committing = True
        await driver.run("COMMIT")
        reusable = True
    except BaseException as fault:
        # One that has fallen silent is not asked to roll back: it would be waited for once more.
        kind = classify_fault(fault)
        gone = is_unavailable(fault)
        if not gone and not driver.is_lost():
            await driver.run("ROLLBACK")
            reusable = True
        if gone and committing and kind is not None and kind not in REFUSALS:
            raise OutcomeUnknown(kind) from fault
        raise
    finally:
        await transaction.release(reusable=reusable)

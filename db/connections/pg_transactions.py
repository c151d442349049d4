"""Transactions on PostgreSQL that begin and end on the driver, with one round trip each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from db.connections.driver import Driver, release
from db.connections.faults import REFUSALS, OutcomeUnknown, classify_fault, is_unavailable

_NO_TRANSACTIONS: Final = "AUTOCOMMIT"
"""The isolation level with which SQLAlchemy sends no BEGIN or COMMIT of its own."""


class DriverTransaction:
    """A transaction on a connection of the pool. SQLAlchemy's connection is created when it is first used."""

    def __init__(self, engine: AsyncEngine, organization_id: str, pooled: PoolProxiedConnection) -> None:
        """Hold the connection. `driver_transaction` begins the transaction."""
        self.driver = Driver(organization_id, engine.dialect, pooled.driver_connection)
        self._engine = engine
        self._pooled = pooled
        self._connection: AsyncConnection | None = None

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's connection, for statements that are built for one use: those of imports, relays and commands."""
        if self._connection is None:
            assert self._pooled.dbapi_connection is not None  # noqa: S101 - held until `release`
            self._engine.dialect.set_isolation_level(self._pooled.dbapi_connection, _NO_TRANSACTIONS)
            sync_connection = Connection(self._engine.sync_engine, connection=self._pooled)
            self._connection = AsyncConnection(self._engine, sync_connection)
        return self._connection

    async def release(self, *, reusable: bool) -> None:
        """Return the connection to its pool with its settings restored, or close it if it is not reusable."""
        if self._pooled.dbapi_connection is None:
            return  # SQLAlchemy found it lost and closed it
        if self._connection is not None:
            self._engine.dialect.reset_isolation_level(self._pooled.dbapi_connection)
        await release(self._pooled, self.driver, reusable=reusable)


@asynccontextmanager
async def driver_transaction(engine: AsyncEngine, organization_id: str, begin: str) -> AsyncIterator[DriverTransaction]:
    """Open a transaction. Leaving the block commits it. An exception rolls it back.

    Args:
        engine: The database.
        organization_id: The organization that the driver's statements are for.
        begin: BEGIN, and the statements to send with it in one round trip (see `db.connections.roles`).

    Raises:
        OutcomeUnknown: The connection was lost during the commit.
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
        # An unresponsive database gets no ROLLBACK, which would only wait for another timeout.
        kind = classify_fault(fault)
        unavailable = is_unavailable(fault)
        if not unavailable and not driver.is_lost():
            await driver.run("ROLLBACK")
            reusable = True
        if unavailable and committing and kind is not None and kind not in REFUSALS:
            raise OutcomeUnknown(kind) from fault
        raise
    finally:
        await transaction.release(reusable=reusable)

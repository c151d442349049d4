"""Transactions on PostgreSQL that begin and end on the driver, with one round trip each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

from db.connections.driver import Driver, release
from db.connections.faults import REFUSALS, OutcomeUnknown, classify_fault, is_unavailable


@asynccontextmanager
async def driver_transaction(
    engine: AsyncEngine, pooled: PoolProxiedConnection, organization_id: str, begin: str
) -> AsyncIterator[Driver]:
    """Open a transaction. Leaving the block commits it. An exception rolls it back.

    Args:
        engine: The database.
        pooled: A connection from the engine's pool. It returns to the pool at the end of the block.
        organization_id: The organization that the driver's statements are for.
        begin: BEGIN, and the statements to send with it in one round trip (see `db.connections.roles`).

    Raises:
        OutcomeUnknown: The connection was lost during the commit.
    """
    driver = Driver(organization_id, engine.dialect, pooled.driver_connection)
    committing = reusable = False
    try:
        await driver.run(begin)
        yield driver
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
        if pooled.dbapi_connection is not None:  # SQLAlchemy has closed a connection that it found lost
            await release(pooled, driver, reusable=reusable)

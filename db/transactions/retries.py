"""Retries of transactions that write: a bounded number, and none after a commit whose outcome is unknown.

The work of a transaction is a function of its unit of work. Each attempt runs it from its start, so it loads and
decides again, and no decision relies on rows that another transaction has changed since.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from db.connections.engine import QUEUE_SECONDS, Database
from db.connections.faults import Busy, Effect, FaultKind, Unavailable, classify_fault
from db.transactions.lock_queue import LockQueue, MustQueue, Ticket
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work

ATTEMPTS: Final = 5
_DATABASE: Final = ("the database",)
_BACKOFF_SECONDS: Final = 0.02
Result = TypeVar("Result")


async def transact(
    engine: Database,
    lock_queue: LockQueue,
    actor: Actor,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    decide: Callable[[UnitOfWork], Awaitable[Result]],
) -> Result:
    """Run a function in a transaction and commit it. Retry after conflicts and lost connections.

    A lock is waited for in the queue of this process, for QUEUE_SECONDS in all, and then in the database, for
    LOCK_SECONDS.

    Args:
        engine: The database.
        lock_queue: The queue of this process for locks of this database.
        actor: Who makes the change.
        clock: Returns the present instant, in UTC. It is read for each attempt, and again once a group is locked.
        new_id: Returns a fresh UUID of version 7.
        decide: Loads, decides and stores. It may run several times; only the last run is committed.

    Raises:
        Busy: If a lock or a connection did not come in time, or conflicts did not end. Nothing was changed.
        Unavailable: If the database cannot be used. Nothing was changed.
        OutcomeUnknown: If the connection was lost during the commit.
    """
    deadline = time.monotonic() + QUEUE_SECONDS
    ticket = Ticket(lock_queue)
    attempts = 0
    try:
        if engine.dialect.name == "sqlite":
            # SQLite has one writer at a time. Writers of other processes are waited for when the transaction begins.
            await ticket.wait(_DATABASE, QUEUE_SECONDS)
        while True:
            try:
                async with unit_of_work(engine, actor, clock, new_id, ticket) as work:
                    result = await decide(work)
            except MustQueue as refusal:
                await ticket.wait(refusal.key, deadline - time.monotonic())
            except (Busy, Unavailable):
                raise
            except Exception as fault:  # drivers raise many kinds; classify_fault sorts them
                attempts += 1
                kind = classify_fault(fault)
                if kind is None:
                    raise
                engine.write_refusals.note(kind)
                if attempts == ATTEMPTS or time.monotonic() > deadline or not _is_retryable(fault, kind):
                    raise (Unavailable if kind.effect is Effect.UNAVAILABLE else Busy)(kind) from fault
                engine.meter.retried(kind.word)
                await asyncio.sleep(random.uniform(0, _BACKOFF_SECONDS * attempts))  # noqa: S311 - nothing secret
            else:
                engine.write_refusals.note(None)
                return result
    finally:
        ticket.release()


def _is_retryable(fault: Exception, kind: FaultKind) -> bool:
    """Return whether the transaction may succeed if it runs again at once."""
    # A connection that was lost before the commit has changed nothing, and the database may be back for the next one.
    # If no connection can be opened at all, the client should retry later.
    return kind is FaultKind.CONFLICT or (isinstance(fault, DBAPIError) and fault.connection_invalidated)

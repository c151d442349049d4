"""Transactions that write, run until they succeed: within bounds, and never again after a commit whose end is unknown.

What a transaction does is a function of its unit of work. It is run from its start each time: it loads, decides and
stores anew, so a decision never rests on what another transaction has changed meanwhile.
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
from db.transactions.unit_of_work import Author, UnitOfWork, unit_of_work

ATTEMPTS: Final = 5
_DATABASE: Final = "the database"
_PAUSE_SECONDS: Final = 0.02
Decided = TypeVar("Decided")


async def transact(
    engine: Database,
    lock_queue: LockQueue,
    author: Author,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    decide: Callable[[UnitOfWork], Awaitable[Decided]],
) -> Decided:
    """Run a decision in a transaction, and commit it.

    Conflicts with other transactions, and lost connections, are retried. A lock is waited for in the
    queue of this process, for QUEUE_SECONDS in all, and then in the database, for LOCK_SECONDS.

    Args:
        engine: The database.
        lock_queue: The queue of this process for locks of this database.
        author: Who asks for the change.
        clock: Gives the present instant, in UTC; read for each attempt, and again behind a lock.
        new_id: Gives a fresh UUID of version 7.
        decide: Loads, decides and stores; it may run several times, and only its last run counts.

    Raises:
        Busy: Where a lock or a connection did not come in time, or conflicts did not end. Nothing was changed.
        Unavailable: Where the database cannot be used. Nothing was changed.
        OutcomeUnknown: Where the connection was lost during the commit.
    """
    deadline = time.monotonic() + QUEUE_SECONDS
    ticket = Ticket(lock_queue)
    tries = 0
    try:
        if engine.dialect.name == "sqlite":
            # It has one writer at a time. Those of other processes are waited for when the transaction begins.
            await ticket.wait(_DATABASE, QUEUE_SECONDS)
        while True:
            try:
                async with unit_of_work(engine, author, clock, new_id, ticket) as work:
                    decided = await decide(work)
            except MustQueue as taken:
                await ticket.wait(taken.key, deadline - time.monotonic())
            except (Busy, Unavailable):
                raise
            except Exception as fault:  # sorted below; what is no fault of the database is raised on
                tries += 1
                kind = classify_fault(fault)
                if kind is None:
                    raise
                engine.write_refusals.note(kind)
                if tries == ATTEMPTS or time.monotonic() > deadline or not _was_undone(fault, kind):
                    raise (Unavailable if kind.effect is Effect.UNAVAILABLE else Busy)(kind) from fault
                await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * tries))  # noqa: S311 - nothing secret
            else:
                engine.write_refusals.note(None)
                return decided
    finally:
        ticket.release()


def _was_undone(fault: Exception, kind: FaultKind) -> bool:
    """Return whether the transaction may do better if it runs again at once."""
    # A connection that was lost before the commit has left nothing behind, and the next one may be to a server that
    # has come back. Where there is none to be had, trying again is for the client to do.
    return kind is FaultKind.CONFLICT or (isinstance(fault, DBAPIError) and fault.connection_invalidated)

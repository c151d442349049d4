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

from sqlalchemy.ext.asyncio import AsyncEngine

from db.faults import Busy, Trouble, Unavailable, trouble_of
from db.turns import NotYourTurn, Place, Turns
from db.unit_of_work import LOCK_SECONDS, Author, UnitOfWork, unit_of_work

ATTEMPTS: Final = 5
_DATABASE: Final = "the database"
_PAUSE_SECONDS: Final = 0.02
Decided = TypeVar("Decided")


async def transact(
    engine: AsyncEngine,
    turns: Turns,
    author: Author,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    decide: Callable[[UnitOfWork], Awaitable[Decided]],
) -> Decided:
    """Runs a decision in a transaction, and commits it.

    Conflicts with other transactions are retried. Locks are waited for, in line with others of this process, for
    LOCK_SECONDS in all.

    Args:
        engine: The database.
        turns: The lines of this process for this database.
        author: Who asks for the change.
        clock: Gives the present instant, in UTC; read for each attempt.
        new_id: Gives a fresh UUID of version 7.
        decide: Loads, decides and stores; it may run several times, and only its last run counts.

    Raises:
        Busy: Where a lock or a connection did not come in time, or conflicts did not end. Nothing was changed.
        Unavailable: Where the database cannot be used. Nothing was changed.
        OutcomeUnknown: Where the connection was lost during the commit.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    place = Place(turns)
    conflicts = 0
    try:
        if engine.dialect.name == "sqlite":
            # It has one writer at a time. Those of other processes are waited for when the transaction begins.
            await place.wait(_DATABASE, LOCK_SECONDS)
        while True:
            try:
                async with unit_of_work(engine, author, clock(), new_id, place, deadline - time.monotonic()) as work:
                    decided = await decide(work)
            except NotYourTurn as line:
                await place.wait(line.key, deadline - time.monotonic())
            except (Busy, Unavailable):
                raise
            except Exception as fault:
                conflicts += 1
                _raise_unless_worth_another_try(fault, conflicts, deadline)
                await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * conflicts))  # noqa: S311 - nothing secret
            else:
                return decided
    finally:
        place.leave()


def _raise_unless_worth_another_try(fault: Exception, conflicts: int, deadline: float) -> None:
    trouble = trouble_of(fault)
    if trouble is None:
        raise fault
    if trouble is Trouble.GONE:
        raise Unavailable from fault
    if trouble is Trouble.BUSY or conflicts >= ATTEMPTS or time.monotonic() > deadline:
        raise Busy from fault

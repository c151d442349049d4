"""What a server does beside answering: it deletes the answers of requests with an Idempotency-Key that have expired."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from db.connections.faults import classify_fault
from db.stores.idempotency import delete_expired
from resolvers.context import Clinic

INTERVAL_SECONDS: Final = 600
_log = logging.getLogger("group_sessions.faults")


@asynccontextmanager
async def housekeeping(clinic: Clinic) -> AsyncIterator[None]:
    """Keep house for as long as the block lasts."""
    keeping = asyncio.create_task(_keep_house(clinic))
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep_house(clinic: Clinic) -> None:
    while True:
        try:
            await delete_expired(clinic.engine, clinic.clock())
        except Exception as fault:  # the next round may fare better, and nobody waits for this one
            level = logging.ERROR if classify_fault(fault) is None else logging.WARNING
            _log.log(level, "expired answers could not be deleted", exc_info=fault)
        # Servers that were started together do not all come at once.
        await asyncio.sleep(INTERVAL_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - nothing secret

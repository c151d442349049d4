"""Periodic cleanup: deletes the expired responses of requests with an Idempotency-Key."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from db.connections.faults import classify_fault
from db.stores.idempotency import delete_expired
from resolvers.context import Clinic
from server.runtime.tasks import in_background

INTERVAL_SECONDS: Final = 600
_log = logging.getLogger("group_sessions.faults")


@asynccontextmanager
async def housekeeping(clinic: Clinic) -> AsyncIterator[None]:
    """Run the cleanup during the block."""
    async with in_background(_delete_periodically(clinic)):
        yield


async def _delete_periodically(clinic: Clinic) -> None:
    while True:
        try:
            await delete_expired(clinic.engine, clinic.clock())
        except Exception as fault:  # the next run tries again, and no request depends on this one
            level = logging.ERROR if classify_fault(fault) is None else logging.WARNING
            _log.log(level, "expired responses could not be deleted", exc_info=fault)
        # The jitter keeps servers that started together from deleting at the same moment.
        await asyncio.sleep(INTERVAL_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - nothing secret

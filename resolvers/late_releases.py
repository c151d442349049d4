"""Ends the leases of attempts that failed while the database could not be reached.

Such an attempt changes nothing more, but its lease would make a repeat of the request wait, in this server process and
in others. So its lease is ended as soon as the database works again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Final

from db.connections.faults import classify_fault
from db.stores.idempotency import LEASE

RETRY_SECONDS: Final = 0.2
"""How long to wait before the database is tried again."""
_MOST: Final = 1_000
"""The most releases that wait. Of more, the oldest are dropped, and their leases expire by themselves."""

_log = logging.getLogger("group_sessions.faults")
Release = Callable[[], Awaitable[None]]


class LateReleases:
    """The releases that wait for the database, in the order in which they failed."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Release]] = deque(maxlen=_MOST)
        self._task: asyncio.Task[None] | None = None

    def add(self, release: Release) -> None:
        """Retry a release until it succeeds or the lease has expired. It may run several times."""
        self._waiting.append((time.monotonic() + LEASE.total_seconds(), release))
        if self._task is None or self._task.done():
            # Without the context of the request, whose statements are counted.
            self._task = asyncio.get_running_loop().create_task(self._release_all(), context=Context())

    async def close(self) -> None:
        """Stop. The leases that are left expire by themselves."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _release_all(self) -> None:
        while self._waiting:
            entry = self._waiting.popleft()
            expiry, release = entry
            if time.monotonic() >= expiry:
                continue
            try:
                await release()
            except Exception as fault:  # drivers raise many kinds; classify_fault sorts them
                if classify_fault(fault) is None:
                    _log.exception("a lease could not be ended")
                    continue
                self._waiting.appendleft(entry)
                await asyncio.sleep(RETRY_SECONDS)

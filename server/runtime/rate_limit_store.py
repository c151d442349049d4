"""The store of rate limits that processes and machines share: Valkey, or Redis."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import valkey.asyncio
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

_SECONDS: Final = 0.25
"""How long the store may take. It needs a fraction of a millisecond, and one that is away must not delay requests."""
_PAUSE_SECONDS: Final = 10.0
"""For how long the store is not used after a fault."""
_log = logging.getLogger("group_sessions.faults")


class RateLimitStore:
    """Counts requests for all processes and machines that use the same store.

    Keys are stored as digests, because they contain the ids of people. The times are those of the store's clock.
    """

    def __init__(self, url: str, on_fault: Callable[[], None] | None = None) -> None:
        """Use a store, which is connected to when the first request is counted.

        Args:
            url: `valkey://[user:password@]host:port/number`, `valkeys://` with TLS, or the same with `redis`.
            on_fault: Called each time that the store cannot be used.
        """
        self._pool = valkey.asyncio.ConnectionPool.from_url(
            url.replace("redis", "valkey", 1) if url.startswith("redis") else url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
        )
        options: dict[str, Any] = {"connection_pool": self._pool}  # as its documentation says, unlike its annotation
        storage = RedisStorage("async+valkey://", wrap_exceptions=True, **options)
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._on_fault = on_fault
        self._unused_until = 0.0

    async def waits(self, rates: Sequence[RateLimitItem], key: str) -> list[float] | None:
        """Count a request. Return the seconds to wait of each exceeded rate, or None if the store cannot be used."""
        if time.monotonic() < self._unused_until:
            return None
        try:
            async with asyncio.timeout(2 * _SECONDS):
                return await self._count(rates, hashlib.sha256(key.encode()).hexdigest())
        except (StorageError, TimeoutError, OSError) as fault:
            self._unused_until = time.monotonic() + _PAUSE_SECONDS
            _log.warning("the store of rate limits cannot be used, so this process counts by itself", exc_info=fault)
            if self._on_fault is not None:
                self._on_fault()
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()

    async def _count(self, rates: Sequence[RateLimitItem], digest: str) -> list[float]:
        for rate in rates:
            if not await self._limiter.hit(rate, digest):
                break
        else:
            return []
        full = [rate for rate in rates if not await self._limiter.test(rate, digest)]
        stats = [await self._limiter.get_window_stats(rate, digest) for rate in full]
        return [window.reset_time - time.time() for window in stats] or [0.0]

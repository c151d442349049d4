"""Rate limits: how many requests a caller, or another key, may send in a time."""

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.runtime.rate_limit_store import RateLimitStore


class RateLimit:
    """Counts the requests of each key in sliding windows: in a shared store, or in this process without one."""

    def __init__(self, rates: str, store: "RateLimitStore | None" = None, name: str = "") -> None:
        """Use one or more rates, such as `10/second;200/minute`.

        Args:
            rates: The rates.
            store: Counts for all processes and machines. While it cannot be used, each process counts by itself.
            name: Distinguishes the limits that share a store.

        Raises:
            ValueError: The text is not a rate.
        """
        # Imported here because it takes 2 MB of memory, which a server without a rate limit saves.
        from limits import parse_many
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        # Shortest first: a request that a longer rate refuses has then only used up what soon comes back.
        self._rates = sorted(parse_many(rates), key=lambda rate: rate.get_expiry())
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._store = store
        self._name = name

    async def seconds_to_wait(self, key: str) -> int | None:
        """Count a request and return None, or return the seconds to wait if the key's requests exceed a rate.

        After that time the next request is accepted, unless others come before it.
        """
        if self._store is not None:
            waits = await self._store.waits(self._rates, f"{self._name} {key}")
            if waits is not None:
                return whole_seconds(waits)
        return whole_seconds(self._local_waits(key))

    def _local_waits(self, key: str) -> list[float]:
        if all(self._limiter.hit(rate, key) for rate in self._rates):
            return []
        # All rates count, not only the first that refuses: after its time another one might still refuse.
        full = [rate for rate in self._rates if not self._limiter.test(rate, key)]
        return [self._limiter.get_window_stats(rate, key).reset_time - time.time() for rate in full] or [0.0]


def whole_seconds(waits: list[float]) -> int | None:
    """Return the longest of the waits in whole seconds, at least 1; None if there is none."""
    return max(1, math.ceil(max(waits))) if waits else None

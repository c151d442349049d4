"""The rate limit of each caller, or of each other key."""

import math
import time


class RateLimit:
    """Counts the requests of each key to this process in sliding windows."""

    def __init__(self, rates: str) -> None:
        """Use one or more rates, such as `10/second;200/minute`.

        Raises:
            ValueError: The text is not a rate.
        """
        # Imported here because it takes 2 MB of memory, which a server without a rate limit saves.
        from limits import parse_many
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._rates = parse_many(rates)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def seconds_to_wait(self, key: str) -> int | None:
        """Count a request and return None, or return the seconds to wait if the key's requests exceed a rate."""
        for rate in self._rates:
            if not self._limiter.hit(rate, key):
                reset_at = self._limiter.get_window_stats(rate, key).reset_time
                return max(1, math.ceil(reset_at - time.time()))
        return None

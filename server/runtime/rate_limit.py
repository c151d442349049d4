"""How often one caller may ask."""

import math
import time
from typing import Final

from resolvers.caller import Caller

_SEPARATOR: Final = "\n"  # in no subject and no organization: authentication refuses control characters


class RateLimit:
    """Counts each caller's requests in this process, in windows that slide."""

    def __init__(self, rates: str) -> None:
        """Take one rate or several, such as `10/second;200/minute`.

        Raises:
            ValueError: Where the text is no rate.
        """
        # Here and not above: a server without rates would hold some 2 MB for nothing.
        from limits import parse_many
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._rates = parse_many(rates)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def seconds_to_wait(self, caller: Caller) -> int | None:
        """Count a request, and return None; or, where the caller has had its share, the seconds to wait."""
        name = f"{caller.organization_id}{_SEPARATOR}{caller.subject}"
        for rate in self._rates:
            if not self._limiter.hit(rate, name):
                again_at = self._limiter.get_window_stats(rate, name).reset_time
                return max(1, math.ceil(again_at - time.time()))
        return None

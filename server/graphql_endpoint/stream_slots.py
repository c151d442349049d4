"""The counts of the open streams of this server process, and how long a stream may last."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from resolvers.caller import Caller
from server.responses.errors import ErrorCode
from server.responses.json_responses import RequestRefused
from server.settings.stream_limits import StreamLimits

_LONGEST_SECONDS: Final = 30 * 86_400.0


def seconds_until(expiry: float) -> float:
    """Return the seconds until a token expires, at most 30 days: event loops take no timers of a million years."""
    return min(max(expiry - time.time(), 0.0), _LONGEST_SECONDS)


class StreamSlots:
    """Counts the open streams."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._by_caller: Counter[tuple[str, str]] = Counter()

    def count(self) -> int:
        """Return the number of open streams."""
        return self._by_caller.total()

    @contextmanager
    def slot(self, caller: Caller) -> Iterator[None]:
        """Count a stream during the block.

        Raises:
            RequestRefused: The caller, or the process, has too many streams.
        """
        limit = self._limits.per_caller
        key = caller.organization_id, caller.subject
        if self._by_caller[key] >= limit:
            message = f"You have too many open streams. The limit is {limit:,}. Close one, and try again."
            raise RequestRefused(
                429, ErrorCode.LIMIT_EXCEEDED, message, reason="streams", limit="streams", allowed=limit
            )
        if self._by_caller.total() >= self._limits.total:
            message = "The server has too many open streams. Try again in 5 seconds."
            raise RequestRefused(503, ErrorCode.BUSY, message, headers={"Retry-After": "5"}, reason="all_streams")
        self._by_caller[key] += 1
        try:
            yield
        finally:
            self._by_caller[key] -= 1
            if not self._by_caller[key]:
                del self._by_caller[key]

"""Finds clients that do not read what they are sent."""

from typing import Final

_MIN_BYTES_PER_SECOND: Final = 500
_SHUTDOWN_SECONDS: Final = 1.0


class SlowReader:
    """How fast the client of one connection reads.

    Attributes:
        stalled_since: The time since which bytes wait for the client, or None if there are none.
    """

    __slots__ = ("_timeout", "_unsent", "stalled_since")

    def __init__(self, timeout: float) -> None:
        """Take the seconds in which a client must read some of the bytes that wait for it."""
        self.stalled_since: float | None = None
        self._unsent = 0
        self._timeout = timeout

    def has_read(self) -> None:
        """Note that the client has read nearly all bytes."""
        self.stalled_since = None

    def is_too_slow(self, now: float, unsent: int) -> bool:
        """Return whether the client has read too little in the timeout. Call it about once a second.

        Args:
            now: The time.
            unsent: How many bytes wait for the client.
        """
        if not unsent:
            self.stalled_since = None
        elif self.stalled_since is None:
            self.stalled_since, self._unsent = now, unsent
        elif now - self.stalled_since >= self._timeout:
            if self._unsent - unsent < self._timeout * _MIN_BYTES_PER_SECOND:
                return True
            self.stalled_since, self._unsent = now, unsent
        return False

    def holds_up_shutdown(self, now: float) -> bool:
        """Return whether the client has left the end of a stream unread. Call it after `is_too_slow`."""
        return self.stalled_since is not None and now - self.stalled_since >= _SHUTDOWN_SECONDS

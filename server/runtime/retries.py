"""Retries with exponential backoff and jitter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """A retry policy.

    Attributes:
        attempts: The maximum number of attempts.
        first_backoff: The backoff after the first failed attempt, in seconds. It doubles with each attempt.
        max_backoff: The longest backoff, in seconds.
    """

    attempts: int
    first_backoff: float
    max_backoff: float

    def backoff(self, attempts: int, jitter: float) -> float:
        """Return the seconds to wait before the next attempt.

        Args:
            attempts: The number of failed attempts, 1 or more.
            jitter: From 0 (half of the full backoff) to 1 (the full backoff).
        """
        full = min(self.max_backoff, self.first_backoff * 2.0 ** min(attempts - 1, 64))
        return full * (1 + jitter) / 2

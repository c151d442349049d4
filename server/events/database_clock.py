"""The time by the database's clock, extrapolated between two queries."""

import time
from datetime import datetime, timedelta


class DatabaseClock:
    """Adds the seconds since the last query to its result. A wrong system clock on this machine has no effect."""

    def __init__(self) -> None:
        """Start unset."""
        self._last_reading: tuple[datetime, float] | None = None

    def set(self, time_of_database: datetime) -> None:
        """Set the clock to the time that the database has just returned."""
        self._last_reading = time_of_database, time.monotonic()

    def now(self) -> datetime:
        """Return the current time.

        Raises:
            RuntimeError: The clock was never set.
        """
        if self._last_reading is None:
            raise RuntimeError("the database clock is not set")
        time_of_database, read_at = self._last_reading
        return time_of_database + timedelta(seconds=time.monotonic() - read_at)

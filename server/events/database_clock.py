"""The present by the database's clock, between two looks at it."""

import time
from datetime import datetime, timedelta


class DatabaseClock:
    """Goes on from what the database said last, by the seconds that have passed here since: by no wall clock."""

    def __init__(self) -> None:
        """Know nothing until `set`."""
        self._known: tuple[datetime, float] | None = None

    def set(self, present: datetime) -> None:
        """Take what the database has just said."""
        self._known = present, time.monotonic()

    def now(self) -> datetime:
        """Return the present.

        Raises:
            RuntimeError: Where the database has not been asked yet.
        """
        if self._known is None:
            raise RuntimeError("the database has not been asked for the time")
        said, at = self._known
        return said + timedelta(seconds=time.monotonic() - at)

"""How long sessions may last: a bounded number of minutes, and no longer than the day on which they start."""

from datetime import time
from typing import Final

SHORTEST_MINUTES: Final = 5
LONGEST_MINUTES: Final = 720
SAME_DAY: Final = "Sessions must end before midnight, on the day they start."
_LAST_MINUTE: Final = 24 * 60 - 1


def minutes_until_midnight(start: time) -> int:
    """Return the longest duration of a session that starts at a time: until 23:59."""
    return _LAST_MINUTE - start.hour * 60 - start.minute


def latest_start(minutes: int) -> time:
    """Return the latest start of a session that lasts some minutes, which must be at most 23 hours and 59 minutes."""
    return time(*divmod(_LAST_MINUTE - minutes, 60))

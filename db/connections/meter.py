"""What a process measures of its use of the database. `server.metrics` turns it into metrics."""

from enum import StrEnum


class LockPlace(StrEnum):
    """Where a request waits for a lock."""

    PROCESS = "process"
    """In the queue of its own process."""
    DATABASE = "database"
    """In the statement that locks rows in PostgreSQL. Its duration includes one round trip."""


class Meter:
    """Receives measurements. This one ignores them, for processes without metrics."""

    def retried(self, cause: str) -> None:
        """Record that a transaction runs again. `cause` is the word of its `FaultKind`."""

    def waited_for_lock(self, place: LockPlace, seconds: float) -> None:
        """Record how long a request has waited for a lock, with or without success."""


NO_METER = Meter()

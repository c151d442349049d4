"""The write lock of SQLite, which one connection can hold at a time.

SQLite's busy_timeout sleeps longer after each failed attempt, up to 100 ms. If several processes write all the time,
the one that has waited longest tries least often and may starve. Here every waiter tries every few milliseconds until
its deadline.
"""

import asyncio
import random
import sqlite3
import time
from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import OperationalError
from sqlalchemy.util.concurrency import await_only

from db.connections.faults import FaultKind, classify_fault

BUSY_SECONDS: Final = 3
"""How long SQLite waits for other locks than the write lock. Readers only wait while another process opens the file."""
WRITER_SECONDS: Final = 10.0
"""How long a transaction waits for the write lock by default."""
_PAUSE_SECONDS: Final = (0.001, 0.008)
_BEGIN: Final = "BEGIN IMMEDIATE"


class WriterConnection(sqlite3.Connection):
    """A connection that releases its lock when it is closed.

    SQLite keeps a closed connection, its transaction and its lock until the last of its statements is finalized. The
    traceback of a cancelled task can keep statements alive for long.
    """

    def close(self) -> None:
        """Roll back an open transaction and close the connection."""
        with suppress(sqlite3.Error):  # already closed, or the file is unusable
            self.rollback()
        super().close()


def begin_immediate(driver_connection: Any, seconds: float) -> None:
    """Begin a transaction that holds the write lock.

    Args:
        driver_connection: SQLAlchemy's adapter for a connection of aiosqlite.
        seconds: How long to wait for the lock.

    Raises:
        OperationalError: SQLITE_BUSY: the lock was not released within the seconds.
    """
    cursor = driver_connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")
        _execute_when_unlocked(cursor, _BEGIN, seconds)
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    except sqlite3.Error as fault:
        raise OperationalError(_BEGIN, None, fault) from fault
    finally:
        cursor.close()


def enable_write_ahead_log(cursor: Any) -> None:
    """Switch the database to write-ahead logging. It stays switched, so only the first connection changes anything.

    Processes that open a new file at the same time refuse each other this lock at once: SQLite ignores its
    busy_timeout here.

    Args:
        cursor: SQLAlchemy's adapter for a cursor of aiosqlite.

    Raises:
        sqlite3.OperationalError: Another process held the lock for `BUSY_SECONDS`.
    """
    _execute_when_unlocked(cursor, "PRAGMA journal_mode = WAL", BUSY_SECONDS)


def _execute_when_unlocked(cursor: Any, statement: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as fault:
            if classify_fault(fault) is not FaultKind.LOCKED or time.monotonic() > deadline:
                raise
            await_only(asyncio.sleep(random.uniform(*_PAUSE_SECONDS)))  # noqa: S311 - not for security
        else:
            return

"""Waiting for SQLite's one writer, and ending as one.

SQLite's own waiting (busy_timeout) sleeps longer each time it finds the lock taken, up to 100 ms: where several
processes write all the time, whoever has waited longest asks least often, and may never get it. Here everybody asks
every few milliseconds, until they run out of time.
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
"""How long SQLite itself waits, for anything but the writer. Readers wait for nobody but those who open the file."""
WRITER_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = (0.001, 0.008)
_BEGIN: Final = "BEGIN IMMEDIATE"


class WriterConnection(sqlite3.Connection):
    """A connection that gives up its lock when it is closed.

    SQLite keeps a closed connection, and with it its transaction and the lock on the file, until the last of its
    statements is gone. A cancelled task leaves statements behind for as long as its traceback is kept.
    """

    def close(self) -> None:
        """Roll back what is open, and close the connection."""
        with suppress(sqlite3.Error):  # it may be closed already, or its file unusable
            self.rollback()
        super().close()


def begin_immediate(driver_connection: Any, seconds: float) -> None:
    """Begin a transaction that writes, as soon as no other process does.

    Args:
        driver_connection: The connection, as SQLAlchemy's driver for aiosqlite has it.
        seconds: How long to wait.

    Raises:
        OperationalError: SQLITE_BUSY, where the writer did not finish within the seconds.
    """
    deadline = time.monotonic() + seconds
    cursor = driver_connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout = 0")
        _ask_until(deadline, cursor)
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    except sqlite3.Error as fault:
        raise OperationalError(_BEGIN, None, fault) from fault
    finally:
        cursor.close()


def _ask_until(deadline: float, cursor: Any) -> None:
    while True:
        try:
            cursor.execute(_BEGIN)
        except sqlite3.OperationalError as fault:
            if classify_fault(fault) is not FaultKind.LOCKED or time.monotonic() > deadline:
                raise
            await_only(asyncio.sleep(random.uniform(*_PAUSE_SECONDS)))  # noqa: S311 - nothing secret
        else:
            return

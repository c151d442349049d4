"""The snapshot that one request reads from."""

import asyncio
from typing import Any

from db.connections.engine import Database
from db.connections.faults import classify_fault
from db.sql.lookups import LookupSet
from db.transactions.snapshots import Snapshot, look_up, open_snapshot
from resolvers.errors import RequestEnded


class RequestSnapshot:
    """A snapshot that is opened by the first read and closed once, before a write or at the end of the request.

    Use it as an asynchronous context manager. It admits one read at a time, because a connection runs one statement
    at a time. A database that is unavailable is waited for once: later reads raise the same error immediately.

    Attributes:
        read_once: Whether `look_up_once` has read all that the request reads.
    """

    __slots__ = ("_closed", "_engine", "_fault", "_lock", "_organization_id", "_snapshot", "read_once")

    def __init__(self, engine: Database, organization_id: str) -> None:
        self._engine = engine
        self._organization_id = organization_id
        self._lock = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._fault: Exception | None = None
        self.read_once = False
        self._closed = False

    @property
    def is_open(self) -> bool:
        """Whether it holds a connection."""
        return self._snapshot is not None

    async def __aenter__(self) -> Snapshot:
        """Wait for other reads, and open the snapshot if it is not open.

        Raises:
            RequestEnded: The snapshot is closed, or `look_up_once` has read all that the request reads.
            DBAPIError: The database refuses the connection, or is unavailable.
        """
        await self._lock.acquire()
        try:
            self._check()
            if self._snapshot is None:
                self._snapshot = await self._open()
        except BaseException:
            self._lock.release()
            raise
        return self._snapshot

    async def __aexit__(self, *_fault: object) -> None:
        self._lock.release()

    async def look_up(self, lookups: LookupSet, id: object) -> list[Any]:
        """Return the result of each lookup for the id, in one statement if the database supports it.

        Raises:
            RequestEnded: The snapshot is closed, or `look_up_once` has read all that the request reads.
            DBAPIError: The statement failed, or the database is unavailable.
        """
        async with self as snapshot:
            return await snapshot.look_up(lookups, id)

    async def look_up_once(self, lookups: LookupSet, id: object) -> list[Any]:
        """Return the result of each lookup for the id, for a request that reads nothing else.

        On PostgreSQL this is one statement, without a transaction around it.

        Raises:
            RequestEnded: The snapshot is closed, or this method was called before.
            DBAPIError: The statement failed, or the database is unavailable.
        """
        if self._snapshot is not None:
            return await self.look_up(lookups, id)
        self._check()
        self.read_once = True
        try:
            return await look_up(self._engine, self._organization_id, lookups, id)
        except Exception as fault:
            # Nothing was read. The next read raises the same error, without waiting for the database again.
            self.read_once = False
            self._fault = fault if classify_fault(fault) is not None else None
            raise

    def restart(self) -> None:
        """Allow reads again after `look_up_once`."""
        self.read_once = False

    async def close(self) -> None:
        """End the snapshot once the current read is done. Reads that wait, and later ones, raise RequestEnded."""
        self._closed = True
        if self._snapshot is None and not self._lock.locked():
            return
        async with self._lock:
            snapshot, self._snapshot = self._snapshot, None
            if snapshot is not None:
                await snapshot.close()

    def _check(self) -> None:
        if self._closed or self.read_once:
            raise RequestEnded

    async def _open(self) -> Snapshot:
        if self._fault is not None:
            raise self._fault
        try:
            return await open_snapshot(self._engine, self._organization_id)
        except Exception as fault:
            self._fault = fault
            raise

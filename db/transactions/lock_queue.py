"""A queue for row locks. Requests of one process that want the same lock wait here, not in the database.

A request that waits for a lock in the database holds a connection. Fifty requests for one group would hold all
connections, and requests for other groups would wait too. With the queue, one request at a time goes to the database
for each lock, and the others hold nothing.
"""

import asyncio
import time
from collections import deque
from collections.abc import Hashable

from db.connections.faults import Busy
from db.connections.meter import NO_METER, LockPlace, Meter

LockKey = tuple[str, ...]
"""The name of a lock: the organization and the group, or the whole database."""


class MustQueue(Exception):
    """Another request holds the lock. Return the connection, wait for the ticket, and begin again."""

    def __init__(self, key: LockKey) -> None:
        super().__init__("another request holds this lock")
        self.key = key


class LockQueue:
    """For each key one holder at a time, and a queue of waiting requests in order of arrival.

    Attributes:
        meter: Receives how long requests wait.
    """

    def __init__(self) -> None:
        self.meter: Meter = NO_METER
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}

    def acquire_now(self, key: Hashable) -> bool:
        """Acquire the key if it is free, and return whether it was."""
        if key in self._queues:
            return False
        self._queues[key] = deque()
        return True

    async def acquire(self, key: Hashable, seconds: float) -> None:
        """Acquire the key after the requests that came before. Raise Busy if that takes longer than `seconds`."""
        if self.acquire_now(key):
            return
        waiter = asyncio.get_running_loop().create_future()
        self._queues[key].append(waiter)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except BaseException as fault:
            # The key may have been handed over at the very moment of the timeout or the cancellation.
            if waiter.done() and not waiter.cancelled():
                self.release(key)
            if isinstance(fault, TimeoutError):
                raise Busy from fault
            raise
        finally:
            self.meter.waited_for_lock(LockPlace.PROCESS, time.perf_counter() - started)

    def release(self, key: Hashable) -> None:
        """Hand the key to the next waiter."""
        queue = self._queues[key]
        while queue:
            waiter = queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        del self._queues[key]


class Ticket:
    """The keys that a transaction holds, across all its attempts.

    A ticket waits for a key only while all its other keys are lower. So no two tickets wait for each other.
    """

    def __init__(self, lock_queue: LockQueue) -> None:
        self._lock_queue = lock_queue
        self._keys: list[LockKey] = []

    def require(self, *keys: LockKey) -> None:
        """Acquire the keys that the ticket does not hold. Raise MustQueue for the first that another request holds."""
        missing = sorted({*keys} - {*self._keys})
        if missing and self._keys and missing[0] < max(self._keys):
            self.release()
            missing = sorted({*keys})
        for key in missing:
            if not self._lock_queue.acquire_now(key):
                raise MustQueue(key)
            self._keys.append(key)

    async def wait(self, key: LockKey, seconds: float) -> None:
        """Wait for the key. Raise Busy if it does not come within `seconds`."""
        await self._lock_queue.acquire(key, seconds)
        self._keys.append(key)

    def waited_in_database(self, seconds: float) -> None:
        """Record how long a statement that locks rows has taken."""
        self._lock_queue.meter.waited_for_lock(LockPlace.DATABASE, seconds)

    def release(self) -> None:
        """Release all keys."""
        while self._keys:
            self._lock_queue.release(self._keys.pop())

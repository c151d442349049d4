"""The newest changes of all organizations. One task in each server process reads them for all subscribers.

A subscriber is a position in the order of all events. It gets the changes after its position from the feed if the feed
still has them, and from the database otherwise. So a subscriber that resumes, or falls behind, misses and repeats
nothing, and the memory of the feed does not depend on the number of subscribers or on how slowly they read.

The task runs while there are subscribers. It polls: a notification at each commit would make PostgreSQL's commits wait
for each other, and does not pass through poolers of transactions.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Final
from uuid import UUID

from db.connections.engine import Database
from db.outbox.changes import PAGE, RecordedChange, find_again, find_end, read_tail
from db.outbox.events import EventPosition

CAPACITY: Final = 5_000
"""The most changes that the feed keeps: some 3 MB."""
SHORTEST_POLL: Final = 0.1
LONGEST_POLL: Final = 0.4
"""The seconds between two polls: short after a change, and longer while nothing happens."""
_LONGEST_BACKOFF: Final = 5.0

_log = logging.getLogger("group_sessions.changes")


class ChangeFeed:
    """The newest changes, for the subscribers of one server process.

    Attributes:
        floor: The position after which the feed has all changes.
        generation: Grows if the database has another order of events than before, as after a failover. Positions of an
            earlier generation mean nothing.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._recent: deque[RecordedChange] = deque()
        self._capacity = capacity
        self._subscribers = 0
        self._changed: dict[str, asyncio.Event] = {}  # by organization, those with a waiting subscriber
        self._starting = asyncio.Lock()
        self._tail: asyncio.Task[None] | None = None
        self.floor = self._end = EventPosition(-1, -1)
        self._last_id: UUID | None = None
        self.generation = 0

    @asynccontextmanager
    async def subscription(self, engine: Database) -> AsyncIterator[None]:
        """Take part in the feed during the block.

        Raises:
            DBAPIError: The feed has to start, and the database is unavailable.
        """
        self._subscribers += 1
        try:
            async with self._starting:
                if self._tail is None:
                    await self._start_at_end(engine)
                    # Without the context of a request: its statements are not those of the first subscriber.
                    self._tail = asyncio.create_task(self._run(engine), context=Context())
            yield
        finally:
            self._subscribers -= 1

    def changes_after(self, position: EventPosition, organization_id: str) -> list[RecordedChange] | None:
        """Return the organization's changes after a position; None if the feed does not have all of them."""
        if position < self.floor:
            return None
        changes = []
        for change in reversed(self._recent):
            if change.position <= position:
                break
            if change.organization_id == organization_id:
                changes.append(change)
        changes.reverse()
        return changes

    async def wait(self, organization_id: str) -> None:
        """Wait until the organization has a new change, or the generation has changed."""
        await self._changed.setdefault(organization_id, asyncio.Event()).wait()

    async def close(self) -> None:
        """End the task. Subscribers get no more changes."""
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.gather(self._tail, return_exceptions=True)

    async def _start_at_end(self, engine: Database) -> None:
        self._end, self._last_id = await find_end(engine)
        self.floor = self._end
        self._recent.clear()

    async def _run(self, engine: Database) -> None:
        try:
            wait = SHORTEST_POLL
            while self._subscribers:
                changes = await self._poll(engine)
                if len(changes) == PAGE:
                    continue
                wait = SHORTEST_POLL if changes else min(wait * 2, LONGEST_POLL)
                await asyncio.sleep(wait)
        finally:
            self._tail = None

    async def _poll(self, engine: Database) -> list[RecordedChange]:
        """Read the next changes, and wake their subscribers. Retry while the database is unavailable."""
        backoff, failed = SHORTEST_POLL, False
        while self._subscribers:
            try:
                if failed:
                    await self._find_end_again(engine)
                changes = await read_tail(engine, self._end)
            except Exception as fault:  # any: a task that ended here would leave all subscribers without changes
                if not failed:
                    _log.warning("the feed of changes cannot read the database and retries", exc_info=fault)
                failed, backoff = True, min(backoff * 2, _LONGEST_BACKOFF)
                await asyncio.sleep(backoff)
            else:
                self._add(changes)
                return changes
        return []

    async def _find_end_again(self, engine: Database) -> None:
        """Interrupt all subscribers if the last change has another position than before the outage, or is lost."""
        if self._last_id is None or await find_again(engine, self._last_id) == self._end:
            return
        _log.warning("the order of events has changed, so subscribers have to resume")
        await self._start_at_end(engine)
        self.generation += 1
        self._wake(set(self._changed))

    def _add(self, changes: list[RecordedChange]) -> None:
        if not changes:
            return
        self._recent.extend(changes)
        while len(self._recent) > self._capacity:
            self.floor = self._recent.popleft().position
        self._end, self._last_id = changes[-1].position, changes[-1].id
        self._wake({change.organization_id for change in changes})

    def _wake(self, organization_ids: set[str]) -> None:
        for organization_id in organization_ids & self._changed.keys():
            self._changed.pop(organization_id).set()

"""Turns: those of one process who want the same lock stand in line for it here, not in the database.

Whoever waits for a lock in the database holds a connection meanwhile. Fifty requests for one group would hold all there
are, and requests for other groups would wait with them. Here one at a time goes to the database, the rest hold nothing.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Final

from db.faults import Busy

QUEUE_SECONDS: Final = 10.0
"""How long a request waits in this process, for a connection or for its turn, before it is refused as busy.

It holds nothing meanwhile, so a burst is served late rather than refused. Twice as long, and the wait for a lock, is
still less than `db.idempotency.LEASE`.
"""


class NotYourTurn(Exception):
    """Others of this process are before you: give the connection back, wait for the turn, begin anew."""

    def __init__(self, key: Hashable) -> None:
        super().__init__("others come first")
        self.key = key


class Turns:
    """For each key one holder at a time, and a line behind it, served in the order of coming."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, deque[asyncio.Future[None]]] = {}

    def take(self, key: Hashable) -> bool:
        """Take the turn where it is free, and report whether it was."""
        if key in self._lines:
            return False
        self._lines[key] = deque()
        return True

    async def wait(self, key: Hashable, seconds: float) -> None:
        """Take the turn, behind those who came before. Raise Busy where it does not come within the seconds."""
        if self.take(key):
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines[key].append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as fault:
            # Out of patience, or cancelled; the turn may have come at that very moment.
            if turn.done() and not turn.cancelled():
                self.give(key)
            if isinstance(fault, TimeoutError):
                raise Busy from fault
            raise

    def give(self, key: Hashable) -> None:
        """Give the turn to the next in line."""
        line = self._lines[key]
        while line:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._lines[key]


class Place:
    """The turn that one transaction holds, over all its attempts."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._key: Hashable | None = None

    def need(self, key: Hashable) -> None:
        """Raise NotYourTurn where the turn is another's. A transaction has one turn: a second lock needs none."""
        if self._key is not None:
            return
        if not self._turns.take(key):
            raise NotYourTurn(key)
        self._key = key

    async def wait(self, key: Hashable, seconds: float) -> None:
        """Take the turn when it comes. Raise Busy where it does not come within the seconds."""
        await self._turns.wait(key, seconds)
        self._key = key

    def leave(self) -> None:
        """Give the turn back, if one is held."""
        if self._key is not None:
            self._turns.give(self._key)
            self._key = None

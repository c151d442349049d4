"""Turns for large answers: while one is made, its rows, values and text take many megabytes."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

LARGE: Final = 20_000
"""The cost (schema.admission.cost) from which an answer is large; its text has some hundred kilobytes."""
AT_ONCE: Final = 2
"""One whose statements run, and one whose answer is put together: more would share the same processor, and no more
answers be made."""
_WITHOUT_WAITING: Final = nullcontext()


class LargeAnswers:
    """Lets a server process make a few large answers at a time, in the order they were asked for; small ones at once.

    So its memory grows with the largest answers and not with how many ask for them. Who waits holds no connection.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    def turn(self, cost: int) -> AbstractAsyncContextManager[None]:
        """Return what to make an answer of this cost in."""
        return self._places if cost >= LARGE else _WITHOUT_WAITING

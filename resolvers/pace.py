"""Sharing the event loop between what is computed and everything else that the process serves."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_SLICE: Final = 0.005
"""Seconds of one turn of the event loop, after which no further item is begun."""


class Pace:
    """Computes in slices, of which one runs in each turn of the event loop, however many requests compute at once."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def map(self, compute: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return the result for each item, in order. Raise what computing raises."""
        results: list[Result] = []
        while len(results) < len(items):
            async with self._lock:
                end = time.perf_counter() + _SLICE
                while len(results) < len(items):
                    results.append(compute(items[len(results)]))
                    if time.perf_counter() > end:
                        break
                # The next slice, whoever's it is, begins in another turn.
                await asyncio.sleep(0)
        return results

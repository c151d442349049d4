"""Long computations that share the event loop with other requests."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_SLICE: Final = 0.005
"""Seconds after which a slice starts no further item."""


class Pace:
    """Computes in slices. Each iteration of the event loop runs one slice, however many requests compute."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def map(self, compute: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return the result for each item, in order. Raise what `compute` raises."""
        results: list[Result] = []
        while len(results) < len(items):
            async with self._lock:
                end = time.perf_counter() + _SLICE
                while len(results) < len(items):
                    results.append(compute(items[len(results)]))
                    if time.perf_counter() > end:
                        break
                # The next slice, of any request, runs in another iteration.
                await asyncio.sleep(0)
        return results

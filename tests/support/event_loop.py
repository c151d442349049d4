"""How long a request keeps the event loop from other requests.

The CPU time of the event loop's thread is measured, so that other load on the machine does not matter.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from tests.support.api_client import ApiClient

MAX_BLOCKED_SECONDS: Final = 0.050
"""The most CPU seconds that one iteration of the event loop may take."""


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep garbage collection out of a measurement."""
    gc.disable()
    gc.freeze()  # as a server does: a collection by the plan cache would walk the objects of all earlier tests
    yield
    gc.unfreeze()
    gc.enable()


class Work:
    """The CPU seconds of the event loop's thread during a request: in total, and the longest iteration of the loop."""

    def __init__(self) -> None:
        self.total = self.longest = 0.0

    async def of(self, client: ApiClient, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        await asyncio.sleep(0)
        began = time.thread_time()
        watching = asyncio.create_task(self._watch())
        response = await client.send(query, variables)
        watching.cancel()
        self.total = time.thread_time() - began
        print("MEASURED", round(self.total, 3), round(self.longest * 1000, 1))
        return response

    async def _watch(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest, before = max(self.longest, now - before), now

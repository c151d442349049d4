"""A limit on how many large responses are made at once, since each takes many megabytes of memory meanwhile."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

LARGE_COST: Final = 20_000
"""The cost (schema.admission.cost) from which a response is large. Its body has several hundred kilobytes."""
MAX_CONCURRENT: Final = 2
"""One that waits for the database, and one that is being built. More would only share the same processor."""
_NO_WAIT: Final = nullcontext()


class LargeResponseLimit:
    """Lets one server process make only a few large responses at a time, in the order of their requests.

    The memory of the process then depends on the size of the largest responses and not on how many clients request
    them. A request that waits here holds no database connection. Small responses never wait.
    """

    def __init__(self) -> None:
        self._semaphore = asyncio.Semaphore(MAX_CONCURRENT)

    def slot(self, cost: int) -> AbstractAsyncContextManager[None]:
        """Return the context manager in which to make a response of this cost."""
        return self._semaphore if cost >= LARGE_COST else _NO_WAIT

"""Tasks of asyncio in the background, and their end within a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

_REPEAT_SECONDS: Final = 1.0


@asynccontextmanager
async def in_background(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine during the block, and cancel it at the end."""
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def end_tasks(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> bool:
    """Cancel the tasks repeatedly until they have ended, for at most `seconds`.

    One cancellation may not be enough: it is lost if a library catches it, or if it arrives together with the result
    that the task waits for (asyncio.wait_for before Python 3.12).

    Returns:
        Whether all tasks have ended.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=min(_REPEAT_SECONDS, deadline - loop.time()))
        await asyncio.gather(*ended, return_exceptions=True)  # otherwise asyncio logs their errors as never retrieved
        if loop.time() >= deadline:
            break
    return not pending

"""What a process measures twice a second: the delay of its event loop, its connections and its streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from db.connections.engine import Database
from server.metrics.metrics import Metrics
from server.runtime.tasks import in_background

INTERVAL: Final = 0.5


@asynccontextmanager
async def sampling(metrics: Metrics, engine: Database, count_streams: Callable[[], int]) -> AsyncIterator[None]:
    """Measure during the block."""
    try:
        async with in_background(_sample_periodically(metrics, engine, count_streams)):
            yield
    finally:
        metrics.flush()


def sample(metrics: Metrics, engine: Database, count_streams: Callable[[], int]) -> None:
    """Measure the connections and the streams of this process, and flush its counters."""
    metrics.flush()
    declared = metrics.declared
    for pool, use in engine.pool_use().items():
        declared.pool_connections.labels(pool, "in_use").set(use.in_use)
        declared.pool_connections.labels(pool, "idle").set(use.idle)
        declared.pool_limit.labels(pool).set(use.limit)
    declared.streams.set(count_streams())


async def _sample_periodically(metrics: Metrics, engine: Database, count_streams: Callable[[], int]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        sample(metrics, engine, count_streams)
        due = loop.time() + INTERVAL
        await asyncio.sleep(INTERVAL)
        metrics.declared.loop_delay.observe(max(loop.time() - due, 0.0))

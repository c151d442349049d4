"""The relay: delivers the outbox to every configured sink, inside the server and as a command of its own."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from server.clock import now
from server.settings import Settings
from server.sink_relay import Pause, SinkRelay, pause_at_most
from server.sinks import Sink, sinks_of

_MARGIN_SECONDS: Final = 5.0


class Relay:
    """Delivers to several sinks, each independent of the others."""

    def __init__(
        self,
        engine: AsyncEngine,
        sinks: Sequence[Sink],
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
        pause: Pause = pause_at_most,
    ) -> None:
        """Takes the database, the receivers, the clock, what gives numbers from 0 to 1 to spread waits, and waits."""
        self._sinks = sinks
        self._relays = [SinkRelay(engine, sink, clock, chance, pause) for sink in sinks]
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Has `run` come to its end once the events under way are done with."""
        self._stopping.set()
        for relay in self._relays:
            relay.stop()

    async def run(self) -> None:
        """Delivers until it is stopped. What hangs then, in a database that does not answer, is left after a while."""
        tasks = [asyncio.create_task(relay.run()) for relay in self._relays]
        try:
            await self._stopping.wait()
            longest = max((sink.longest_seconds for sink in self._sinks), default=0.0)
            await asyncio.wait(tasks, timeout=longest + _MARGIN_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for sink in self._sinks:
                await sink.close()


def relay_of(settings: Settings, engine: AsyncEngine) -> Relay | None:
    """Gives the relay to the sinks that are configured; None where none is."""
    sinks = sinks_of(settings, engine)
    return Relay(engine, sinks) if sinks else None


@asynccontextmanager
async def running(relay: Relay | None) -> AsyncIterator[None]:
    """Has the relay, if there is one, run beside what is done in the block, and waits for its end after it."""
    if relay is None:
        yield
        return
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        await task


async def run_until_signalled(relay: Relay) -> None:
    """Runs the relay until SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, relay.stop)
    await relay.run()

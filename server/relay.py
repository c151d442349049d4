"""The relay: delivers the outbox to every configured sink, inside the server and as a command of its own."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from server.clock import now
from server.settings import Settings
from server.sink_relay import SinkRelay
from server.sinks import Sink, sinks_of


class Relay:
    """Delivers to several sinks, each independent of the others."""

    def __init__(
        self,
        engine: AsyncEngine,
        sinks: Sequence[Sink],
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Takes the database, the receivers, the clock, and what gives numbers from 0 to 1 to spread waits."""
        self._sinks = sinks
        self._relays = [SinkRelay(engine, sink, clock, chance) for sink in sinks]

    def stop(self) -> None:
        """Has `run` come to its end once the events under way are done with."""
        for relay in self._relays:
            relay.stop()

    async def run(self) -> None:
        """Delivers until it is stopped."""
        try:
            await asyncio.gather(*(relay.run() for relay in self._relays))
        finally:
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

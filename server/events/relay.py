"""The relay: delivers the outbox to every configured sink, inside the server and as a command of its own."""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from server.events.sink_relay import Pause, SinkRelay, pause_at_most
from server.events.sinks import Sink, sinks_of
from server.runtime.tasks import end_tasks
from server.settings.environment import Settings

# The database's connections end within five seconds (`db.connections.engine`). In all, a relay stops within 20 seconds
# plus the longest delivery, as docs/events.md says.
_MARGIN_SECONDS: Final = 3.0
_END_SECONDS: Final = 6.0
_CLOSE_SECONDS: Final = 2.0

_log = logging.getLogger("group_sessions.relay")


class Relay:
    """Delivers to several sinks, each independent of the others."""

    def __init__(
        self,
        engine: AsyncEngine,
        sinks: Sequence[Sink],
        chance: Callable[[], float] = random.random,
        pause: Pause = pause_at_most,
    ) -> None:
        """Take the database, the sinks, a source of numbers from 0 to 1 that spread waits, and a pause."""
        self._sinks = sinks
        self._relays = [SinkRelay(engine, sink, chance, pause) for sink in sinks]
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return once the events under way are done with."""
        self._stopping.set()
        for relay in self._relays:
            relay.stop()

    async def run(self) -> None:
        """Deliver until stopped or cancelled. It then returns in bounded time, whoever does not answer."""
        tasks = [asyncio.create_task(relay.run()) for relay in self._relays]
        try:
            await self._stopping.wait()
            longest = max((sink.longest_seconds for sink in self._sinks), default=0.0)
            await asyncio.wait(tasks, timeout=longest + _MARGIN_SECONDS)
        finally:
            self.stop()  # a task whose cancellation is lost ends as it looks at this
            if not await end_tasks(tasks, _END_SECONDS):
                _log.error("a task of the relay does not end, and is left behind")
            await asyncio.gather(*(_close(sink) for sink in self._sinks))


async def _close(sink: Sink) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await sink.close()
    except Exception as fault:  # the process goes on, or ends: either way nobody can do more
        _log.warning("a sink could not be closed", exc_info=fault, extra={"fields": {"sink": sink.name}})


def relay_of(settings: Settings, engine: AsyncEngine) -> Relay | None:
    """Return the relay to the sinks that are configured; None where none is."""
    sinks = sinks_of(settings, engine)
    return Relay(engine, sinks) if sinks else None


@asynccontextmanager
async def running(relay: Relay | None) -> AsyncIterator[None]:
    """Run the relay, if there is one, during the block, and wait for its end after it."""
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
    """Run the relay until SIGINT or SIGTERM. A second signal ends the process at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
        relay.stop()

    for number in signals:
        loop.add_signal_handler(number, stop)
    await relay.run()

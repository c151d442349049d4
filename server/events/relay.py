"""The relay: delivers the outbox to every configured sink, inside the server or as the command `relay`."""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from server.events.sink_relay import CountAttempt, Pause, SinkRelay, wait_for_event
from server.events.sinks import Sink, sinks_of
from server.runtime.tasks import end_tasks
from server.settings.environment import Settings

# The database's connections close within five seconds (`db.connections.engine`). In total, a relay stops within 20
# seconds plus the longest delivery, as docs/events.md promises.
_MARGIN_SECONDS: Final = 3.0
_END_SECONDS: Final = 6.0
_CLOSE_SECONDS: Final = 2.0

_log = logging.getLogger("group_sessions.relay")


class Relay:
    """Delivers events to several sinks, independently of each other."""

    def __init__(
        self,
        engine: AsyncEngine,
        sinks: Sequence[Sink],
        jitter: Callable[[], float] = random.random,
        pause: Pause = wait_for_event,
        count_attempt: CountAttempt | None = None,
    ) -> None:
        """Relay the outbox of this database.

        Args:
            engine: The database.
            sinks: The sinks.
            jitter: Returns numbers from 0 to 1 that spread the backoff of many relays.
            pause: Waits for an event with a timeout.
            count_attempt: Counts attempts for metrics.
        """
        self._sinks = sinks
        self._relays = [SinkRelay(engine, sink, jitter, pause, count_attempt) for sink in sinks]
        self._stopping = asyncio.Event()

    @property
    def sinks(self) -> list[str]:
        """The names of the sinks."""
        return [sink.name for sink in self._sinks]

    def stop(self) -> None:
        """Make `run` return after the deliveries in progress."""
        self._stopping.set()
        for relay in self._relays:
            relay.stop()

    async def run(self) -> None:
        """Deliver until stopped or cancelled, then return within a bounded time, even if a receiver hangs."""
        tasks = [asyncio.create_task(relay.run()) for relay in self._relays]
        try:
            await self._stopping.wait()
            longest = max((sink.timeout_seconds for sink in self._sinks), default=0.0)
            await asyncio.wait(tasks, timeout=longest + _MARGIN_SECONDS)
        finally:
            self.stop()  # a task that loses its cancellation ends when it checks this flag
            if not await end_tasks(tasks, _END_SECONDS):
                _log.error("a task of the relay does not end and is abandoned")
            await asyncio.gather(*(_close(sink) for sink in self._sinks))


async def _close(sink: Sink) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await sink.close()
    except Exception as fault:  # the sink is not used again, so there is nothing else to do
        _log.warning("a sink could not be closed", exc_info=fault, extra={"fields": {"sink": sink.name}})


def relay_of(settings: Settings, engine: AsyncEngine, count_attempt: CountAttempt | None = None) -> Relay | None:
    """Return the relay for the configured sinks, or None if no sink is configured."""
    sinks = sinks_of(settings, engine)
    return Relay(engine, sinks, count_attempt=count_attempt) if sinks else None


@asynccontextmanager
async def running(relay: Relay | None) -> AsyncIterator[None]:
    """Run the relay, if there is one, during the block, and wait until it has stopped."""
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
    """Run the relay until SIGINT or SIGTERM. A second signal ends the process immediately."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
        relay.stop()

    for number in signals:
        loop.add_signal_handler(number, stop)
    await relay.run()

"""Delivers the outbox to one sink.

Each group of a sink has a lane, in which its events are delivered in order. A relay assigns new events to their lanes,
leases lanes that are due and delivers their events. Any number of relays may serve one sink, in any process.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from db.outbox.intake import find_work, ingest_events, register_sink
from db.outbox.lanes import (
    Lane,
    LaneEvent,
    cap_waits,
    claim_lanes,
    mark_delivered,
    mark_failed,
    park,
    read_lane,
    release_lanes,
)
from server.events.database_clock import DatabaseClock
from server.events.not_delivered import NotDelivered
from server.events.sinks import Sink
from server.runtime.retries import Retries
from server.runtime.tasks import end_tasks

MAX_LANES: Final = 8
"""The number of lanes that one relay delivers at a time."""
BATCH: Final = 50
"""The number of events that a relay delivers from a lane before it releases the lane."""
POLL_SECONDS: Final = 0.5
_UNSETTLED: Final = Retries(attempts=0, first_backoff=0.05, max_backoff=POLL_SECONDS)
"""The poll interval while an older transaction holds new events back. It starts short: most transactions are."""
_LEASE_MARGIN_SECONDS: Final = 10.0
_END_SECONDS: Final = 4.0
_MAX_LEASE_SECONDS: Final = 90.0
"""Longer than the lease of a relay with any settings, so that no relay shortens the lease of another."""
_MAX_HOST_LENGTH: Final = 200
_OUTAGE: Final = Retries(attempts=0, first_backoff=0.5, max_backoff=15)

CountAttempt = Callable[[str, str], None]
"""Receives the sink of an attempt to deliver an event, and its outcome: delivered, retried or parked."""
Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits for the event for at most the seconds."""

_log = logging.getLogger("group_sessions.relay")


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event for at most `seconds`."""
    # Not asyncio.wait_for: before Python 3.12 it drops a cancellation that arrives together with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@dataclass(frozen=True, slots=True)
class _Poll:
    """The result of a poll: the number of leased lanes, and whether events exist that may not be delivered yet."""

    lanes: int
    unsettled_events: bool


class SinkRelay:
    """Delivers the outbox to one sink."""

    def __init__(
        self,
        engine: AsyncEngine,
        sink: Sink,
        jitter: Callable[[], float],
        pause: Pause,
        count_attempt: CountAttempt | None = None,
    ) -> None:
        """Relay the outbox of this database to one sink.

        Args:
            engine: The database.
            sink: The sink.
            jitter: Returns numbers from 0 to 1 that spread the backoff of many relays.
            pause: Waits for an event with a timeout.
            count_attempt: Counts attempts for metrics.
        """
        self._engine = engine
        self._count_attempt = count_attempt
        self._sink = sink
        self._jitter = jitter
        self._pause = pause
        self._lease_seconds = sink.timeout_seconds + _LEASE_MARGIN_SECONDS
        self._max_wait = max(sink.retries.max_backoff, _MAX_LEASE_SECONDS)
        self._holder = f"{socket.gethostname()[:_MAX_HOST_LENGTH]}:{os.getpid()}"
        self._clock = DatabaseClock()
        self._registered = False
        self._deliveries: set[asyncio.Task[None]] = set()
        self._unreleased: list[Lane] = []
        self._stopping = asyncio.Event()
        self._poll_now = asyncio.Event()

    def stop(self) -> None:
        """Make `run` return after the deliveries in progress."""
        self._stopping.set()
        self._poll_now.set()

    async def run(self) -> None:
        """Deliver until stopped. Log faults, and retry after a backoff."""
        try:
            await self._poll_until_stopped()
            if self._deliveries:
                await asyncio.wait(self._deliveries)
            with contextlib.suppress(Exception):  # without the database, the leases expire by themselves
                await self._release_lanes()
        finally:
            # A cancelled relay cancels its deliveries. The leases of their lanes expire, as after a crash.
            self.stop()
            await end_tasks(self._deliveries, _END_SECONDS)

    async def _poll_until_stopped(self) -> None:
        faults = unsettled_polls = 0
        while not self._stopping.is_set():
            self._poll_now.clear()
            try:
                poll = await self._poll()
            except Exception as fault:
                # Any exception: a relay that ended here would silently stop all deliveries.
                faults += 1
                self._registered = False
                self._log_fault(fault)
                await self._pause(self._stopping, _OUTAGE.backoff(faults, self._jitter()))
                continue
            faults = 0
            unsettled_polls = unsettled_polls + 1 if poll.unsettled_events else 0
            if not poll.lanes:
                seconds = _UNSETTLED.backoff(unsettled_polls, self._jitter()) if unsettled_polls else POLL_SECONDS
                await self._pause(self._poll_now, seconds)

    async def _poll(self) -> _Poll:
        """Assign new events to lanes, lease lanes that are due, and start their delivery."""
        await self._release_lanes()
        if not self._registered:
            await register_sink(self._engine, self._sink.name)
            self._registered = True
        work = await find_work(self._engine, self._sink.name, self._max_wait)
        self._clock.set(work.now)
        if work.overlong_waits:
            await cap_waits(self._engine, self._sink.name, self._max_wait)
        if work.new_events:
            await ingest_events(self._engine, self._sink.name)
        free = MAX_LANES - len(self._deliveries)
        if not free or not (work.new_events or work.due_lanes):
            return _Poll(0, work.unsettled_events)
        lanes = await claim_lanes(self._engine, self._sink.name, uuid4(), self._holder, self._lease_seconds, free)
        for lane in lanes:
            task = asyncio.create_task(self._deliver(lane))
            self._deliveries.add(task)
            task.add_done_callback(self._delivery_ended)
        return _Poll(len(lanes), work.unsettled_events)

    async def _release_lanes(self) -> None:
        lanes = list(self._unreleased)
        if lanes:
            await release_lanes(self._engine, lanes)
            del self._unreleased[: len(lanes)]  # deliveries may have appended others in the meantime

    def _delivery_ended(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        self._poll_now.set()

    async def _deliver(self, lane: Lane) -> None:
        try:
            await self._deliver_batch(lane)
        except Exception as fault:
            # Usually the database is unavailable. The events stay in the lane.
            self._log_fault(fault)
            await self._pause(self._stopping, _OUTAGE.backoff(1, self._jitter()))
            self._unreleased.append(lane)

    async def _deliver_batch(self, lane: Lane) -> None:
        events = await read_lane(self._engine, lane, BATCH)
        attempts = lane.tries
        for number, event in enumerate(events, 1):
            if self._stopping.is_set():
                break
            attempts += 1
            failure = await self._attempt(event, attempts)
            if failure is not None:
                await self._retry_or_park(lane, event, attempts, failure)
                return
            last = number == len(events) or self._stopping.is_set()
            renewal_seconds = None if last else self._lease_seconds
            if not await mark_delivered(self._engine, lane, event, renewal_seconds) or last:
                return
            attempts = 0
        await release_lanes(self._engine, [lane])

    async def _attempt(self, event: LaneEvent, attempts: int) -> NotDelivered | None:
        try:
            await self._sink.deliver(event, self._clock.now())
        except NotDelivered as failure:
            return failure
        self._log_attempt(logging.INFO, event, "delivered", attempts)
        return None

    async def _retry_or_park(self, lane: Lane, event: LaneEvent, attempts: int, failure: NotDelivered) -> None:
        retries = self._sink.retries
        if failure.final or attempts >= retries.attempts:
            await park(self._engine, lane, event, attempts, failure.reason)
            self._log_attempt(logging.ERROR, event, "parked", attempts, failure.reason)
            return
        backoff = retries.backoff(attempts, self._jitter())
        wait = max(backoff, min(failure.retry_after, retries.max_backoff))
        await mark_failed(self._engine, lane, failure.reason, wait)
        self._log_attempt(logging.WARNING, event, "will be retried", attempts, failure.reason)

    def _log_attempt(
        self, level: int, event: LaneEvent, outcome: str, attempts: int, reason: str | None = None
    ) -> None:
        fields = {
            "sink": self._sink.name,
            "event_id": str(event.id),
            "event": event.name,
            "organization_id": event.organization_id,
            "outcome": outcome,
            "tries": attempts,
            "reason": reason,
        }
        _log.log(level, "event", extra={"fields": fields})
        if self._count_attempt is not None:
            self._count_attempt(self._sink.name, "retried" if outcome == "will be retried" else outcome)

    def _log_fault(self, fault: BaseException) -> None:
        _log.warning("the relay cannot deliver", exc_info=fault, extra={"fields": {"sink": self._sink.name}})

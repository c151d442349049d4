"""Delivers the outbox to one sink: takes new events into lanes, and serves the lanes that are due.

Any number of these may be at work on one sink, in this process and in others.
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

LANES: Final = 8
"""Lanes that one relay serves at a time."""
RUN: Final = 50
"""Events of one lane until others get their turn."""
POLL_SECONDS: Final = 0.5
_UNSETTLED: Final = Retries(tries=0, first_wait=0.05, longest_wait=POLL_SECONDS)
"""When to look again for events that an older transaction holds back: soon, since most transactions are short."""
_LEASE_MARGIN_SECONDS: Final = 10.0
_END_SECONDS: Final = 4.0
_LONGEST_LEASE: Final = 90.0
"""Longer than the lease of any relay, whatever its settings: no relay cuts another one's short."""
_LONGEST_HOST: Final = 200
_OUTAGE: Final = Retries(tries=0, first_wait=0.5, longest_wait=15)

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Wait for the event, at most so many seconds."""

_log = logging.getLogger("group_sessions.relay")


async def pause_at_most(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so many seconds."""
    # Not asyncio.wait_for: before Python 3.12 it drops a cancellation that comes as the event is set.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a turn found: how many lanes it claimed, and whether events are stored that nobody may deliver yet."""

    lanes: int
    unsettled_events: bool


class SinkRelay:
    """One relay's work for one sink."""

    def __init__(self, engine: AsyncEngine, sink: Sink, chance: Callable[[], float], pause: Pause) -> None:
        """Take what it works with.

        Args:
            engine: The database.
            sink: The receiver.
            chance: Gives numbers from 0 to 1 that differ, to spread waits.
            pause: Waits until the next look, or until it is woken.
        """
        self._engine = engine
        self._sink = sink
        self._chance = chance
        self._pause = pause
        self._lease_seconds = sink.longest_seconds + _LEASE_MARGIN_SECONDS
        self._longest_wait = max(sink.retries.longest_wait, _LONGEST_LEASE)
        self._holder = f"{socket.gethostname()[:_LONGEST_HOST]}:{os.getpid()}"
        self._clock = DatabaseClock()
        self._opened = False
        self._serving: set[asyncio.Task[None]] = set()
        self._stranded: list[Lane] = []
        self._stopping = asyncio.Event()
        self._turn_asked = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return once the events under way are done with."""
        self._stopping.set()
        self._turn_asked.set()

    async def run(self) -> None:
        """Deliver until stopped. Whatever goes wrong is logged, and tried again after a while."""
        try:
            await self._take_turns()
            if self._serving:
                await asyncio.wait(self._serving)
            with contextlib.suppress(Exception):  # without the database their leases run out by themselves
                await self._release_stranded()
        finally:
            # Cancelled, it leaves nobody at work: what they were at is as if they had died.
            self.stop()
            await end_tasks(self._serving, _END_SECONDS)

    async def _take_turns(self) -> None:
        faults = unsettled = 0
        while not self._stopping.is_set():
            self._turn_asked.clear()
            try:
                work = await self._turn()
            except Exception as fault:
                # Whatever it is: a relay that ended here would deliver nothing any more, and nobody would see it.
                faults += 1
                self._opened = False
                self._log_fault(fault)
                await self._pause(self._stopping, _OUTAGE.wait(faults, self._chance()))
                continue
            faults = 0
            unsettled = unsettled + 1 if work.unsettled_events else 0
            if not work.lanes:
                seconds = _UNSETTLED.wait(unsettled, self._chance()) if unsettled else POLL_SECONDS
                await self._pause(self._turn_asked, seconds)

    async def _turn(self) -> "_Turn":
        """Do what there is to do."""
        await self._release_stranded()
        if not self._opened:
            await register_sink(self._engine, self._sink.name)
            self._opened = True
        work = await find_work(self._engine, self._sink.name, self._longest_wait)
        self._clock.set(work.now)
        if work.overlong_waits:
            await cap_waits(self._engine, self._sink.name, self._longest_wait)
        if work.new_events:
            await ingest_events(self._engine, self._sink.name)
        free = LANES - len(self._serving)
        if not free or not (work.new_events or work.due_lanes):
            return _Turn(0, work.unsettled_events)
        lanes = await claim_lanes(self._engine, self._sink.name, uuid4(), self._holder, self._lease_seconds, free)
        for lane in lanes:
            task = asyncio.create_task(self._serve(lane))
            self._serving.add(task)
            task.add_done_callback(self._served)
        return _Turn(len(lanes), work.unsettled_events)

    async def _release_stranded(self) -> None:
        stranded = list(self._stranded)
        if stranded:
            await release_lanes(self._engine, stranded)
            del self._stranded[: len(stranded)]  # more may have been added behind them meanwhile

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._turn_asked.set()

    async def _serve(self, lane: Lane) -> None:
        try:
            await self._deliver_lane(lane)
        except Exception as fault:
            # Above all the database that went away: what is in the lane is as safe as before.
            self._log_fault(fault)
            await self._pause(self._stopping, _OUTAGE.wait(1, self._chance()))
            self._stranded.append(lane)

    async def _deliver_lane(self, lane: Lane) -> None:
        events = await read_lane(self._engine, lane, RUN)
        tries = lane.tries
        for number, event in enumerate(events, 1):
            if self._stopping.is_set():
                break
            tries += 1
            failure = await self._try(event, tries)
            if failure is not None:
                await self._not_delivered(lane, event, tries, failure)
                return
            last = number == len(events) or self._stopping.is_set()
            keep_seconds = None if last else self._lease_seconds
            if not await mark_delivered(self._engine, lane, event, keep_seconds) or last:
                return
            tries = 0
        await release_lanes(self._engine, [lane])

    async def _try(self, event: LaneEvent, tries: int) -> NotDelivered | None:
        try:
            await self._sink.deliver(event, self._clock.now())
        except NotDelivered as failure:
            return failure
        self._log_try(logging.INFO, event, "delivered", tries)
        return None

    async def _not_delivered(self, lane: Lane, event: LaneEvent, tries: int, failure: NotDelivered) -> None:
        retries = self._sink.retries
        if failure.final or tries >= retries.tries:
            await park(self._engine, lane, event, tries, failure.reason)
            self._log_try(logging.ERROR, event, "parked", tries, failure.reason)
            return
        wait = max(retries.wait(tries, self._chance()), min(failure.wait, retries.longest_wait))
        await mark_failed(self._engine, lane, failure.reason, wait)
        self._log_try(logging.WARNING, event, "to be tried again", tries, failure.reason)

    def _log_try(self, level: int, event: LaneEvent, outcome: str, tries: int, reason: str | None = None) -> None:
        fields = {
            "sink": self._sink.name,
            "event_id": str(event.id),
            "event": event.name,
            "organization_id": event.organization_id,
            "outcome": outcome,
            "tries": tries,
            "reason": reason,
        }
        _log.log(level, "event", extra={"fields": fields})

    def _log_fault(self, fault: BaseException) -> None:
        _log.warning("the relay is held up", exc_info=fault, extra={"fields": {"sink": self._sink.name}})

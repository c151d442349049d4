"""The timing of the relay, measured by its own pauses and the database's clock: poll interval, retries, outages."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.connections.engine import Database, create_engine
from server.events.sinks import Sink, sinks_of
from server.settings.environment import Settings
from tests.support.receiver import SECRET, Receiver, accept, always, listening
from tests.support.relaying import database_now, lanes, let_time_pass, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

GROUPS = [uuid.UUID(int=number) for number in range(1, 13)]
"""More groups than a relay delivers at a time."""
ONE, TWO = GROUPS[:2]
HOUR = timedelta(hours=1)


class Pauses:
    """The pauses of a relay with one sink. A pause ends when the test lets time pass, or when the relay is woken."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.begun = asyncio.Event()
        self.time_passes = asyncio.Event()

    async def __call__(self, woken: asyncio.Event, seconds: float) -> None:
        self.seconds.append(seconds)
        self.begun.set()
        ends = [asyncio.ensure_future(event.wait()) for event in (woken, self.time_passes)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        self.time_passes.clear()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """End every pause during the block: an event that one poll could not see may be visible to the next."""

        async def end_pauses() -> None:
            while True:
                await self.next_poll()

        task = asyncio.create_task(end_pauses())
        try:
            yield
        finally:
            task.cancel()

    async def next_poll(self) -> None:
        """End the current pause, and wait until the relay has polled."""
        self.begun.clear()
        self.time_passes.set()
        async with asyncio.timeout(30):
            await self.begun.wait()


async def test_new_events_are_delivered_within_a_second(engine: Database, receiver: Receiver) -> None:
    pauses = Pauses()
    async with relays(engine, webhook(receiver), pause=pauses):
        await asyncio.wait_for(pauses.begun.wait(), 30)  # the first poll has found nothing
        ids = await record(engine, GROUPS * 3)
        assert receiver.ids() == []
        async with pauses.passing():
            await receiver.received_all(ids)
    # A second in total: half of it until the next poll, and half of it for the delivery.
    assert 0 < max(pauses.seconds) <= 0.5


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_the_poll_interval_is_short_while_a_transaction_blocks_events(
    database_kind: str, engine: Database, postgres_url: str, receiver: Receiver
) -> None:
    pauses = Pauses()
    other_database = create_engine(postgres_url)  # another database of the same server
    async with relays(engine, webhook(receiver), pause=pauses):
        async with other_database.begin() as older:
            await older.execute(text("SELECT pg_current_xact_id()"))
            ids = await record(engine, GROUPS * 3)
            for _ in range(9):
                await pauses.next_poll()
            assert receiver.ids() == []
        async with pauses.passing():
            await receiver.received_all(ids)
    await other_database.dispose()
    waits = pauses.seconds[1:]
    assert min(waits) < 0.1  # most transactions end soon
    assert waits[-1] > 0.2  # one that stays open for an hour costs two polls per second
    assert max(waits) <= 0.5


async def sink_with_default_settings(engine: Database, receiver: Receiver) -> Sink:
    settings = Settings(database_url="sqlite:///x.db", events_webhook_url=receiver.url, events_webhook_secret=SECRET)
    [sink] = sinks_of(settings, engine)
    return sink


async def test_by_default_an_event_is_retried_for_a_day_with_any_jitter(engine: Database, receiver: Receiver) -> None:
    sink = await sink_with_default_settings(engine, receiver)
    await sink.close()
    # If each attempt fails immediately, only the backoffs take time.
    assert (
        sum(sink.retries.backoff(attempts, 0) for attempts in range(1, sink.retries.attempts))
        >= 24 * HOUR.total_seconds()
    )


async def test_a_receiver_that_was_down_for_an_hour_gets_everything_in_order(
    engine: Database, receiver: Receiver
) -> None:
    async def poll_immediately(_woken: asyncio.Event, _seconds: float) -> None:
        await asyncio.sleep(0)

    async def until_next_attempt() -> timedelta:
        """Wait until all deliveries to one sink have failed and the other sink is done. Return the backoff."""
        async with asyncio.timeout(30):
            while True:
                refused = [lane for lane in await lanes(engine) if (lane["due_at"], lane["lease"]) != (None, None)]
                due = [lane["due_at"] for lane in refused if lane["sink"] == down.name and lane["lease"] is None]
                now = await database_now(engine)
                if len(due) == len(refused) == 2 and min(due) > now:
                    wait: timedelta = min(due) - now
                    return wait

    receiver.respond = always(503)
    ids = await record(engine, [ONE, TWO, ONE])
    async with listening() as healthy:
        other = webhook(healthy)
        other.name = "other"
        down = await sink_with_default_settings(engine, receiver)
        async with relays(engine, down, other, jitter=0, pause=poll_immediately):
            waited = timedelta()
            while waited < HOUR:
                await healthy.received_all(ids)
                wait = await until_next_attempt()
                waited += wait
                await let_time_pass(engine, wait)
                ids += await record(engine, [ONE])
            await healthy.received_all(ids)
            assert set(receiver.ids()) == set(ids[:2])
            await until_next_attempt()
            refused = len(receiver.deliveries)
            receiver.respond = accept
            await let_time_pass(engine, timedelta(seconds=down.retries.max_backoff))
            await receiver.received_all(ids)
            await healthy.received_all(ids)
    of_one, of_two = [ids[0], *ids[2:]], [ids[1]]
    for group, expected in ((ONE, of_one), (TWO, of_two)):
        for deliveries in (receiver.deliveries[refused:], healthy.deliveries):
            assert [delivery.id for delivery in deliveries if delivery.group == str(group)] == expected
    assert await parked(engine) == []

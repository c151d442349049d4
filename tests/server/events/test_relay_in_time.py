"""How soon events go out, and for how long they are tried: by the relay's own pauses and clock, not by a stopwatch."""

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
"""More than a relay serves at a time."""
ONE, TWO = GROUPS[:2]
HOUR = timedelta(hours=1)


class Pauses:
    """The pauses of a relay with one sink. Time passes when a test says so; what wakes the relay, wakes it."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.begun = asyncio.Event()
        self.time_passes = asyncio.Event()

    async def __call__(self, woken: asyncio.Event, seconds: float) -> None:
        self.asked.append(seconds)
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
        """Has time pass as often as it is waited for: what one look could not see yet, the next one may."""

        async def pass_on() -> None:
            while True:
                await self.next_look()

        task = asyncio.create_task(pass_on())
        try:
            yield
        finally:
            task.cancel()

    async def next_look(self) -> None:
        """Has time pass once, and waits until the relay has looked."""
        self.begun.clear()
        self.time_passes.set()
        async with asyncio.timeout(30):
            await self.begun.wait()


async def test_the_next_look_is_at_most_half_a_second_away_and_sends_out_all_that_is_new(
    engine: Database, receiver: Receiver
) -> None:
    pauses = Pauses()
    async with relays(engine, webhook(receiver), pause=pauses):
        await asyncio.wait_for(pauses.begun.wait(), 30)  # it has looked, and found nothing
        ids = await record(engine, GROUPS * 3)
        assert receiver.ids() == []
        async with pauses.passing():
            await receiver.received_all(ids)
    # Within a second of the change: half of it until the look, and half of it for the rest.
    assert 0 < max(pauses.asked) <= 0.5


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_events_that_an_older_transaction_holds_back_are_looked_for_again_soon(
    database_kind: str, engine: Database, postgres_url: str, receiver: Receiver
) -> None:
    pauses = Pauses()
    elsewhere = create_engine(postgres_url)  # another database of the same server
    async with relays(engine, webhook(receiver), pause=pauses):
        async with elsewhere.begin() as older:
            await older.execute(text("SELECT pg_current_xact_id()"))
            ids = await record(engine, GROUPS * 3)
            for _ in range(9):
                await pauses.next_look()
            assert receiver.ids() == []
        async with pauses.passing():
            await receiver.received_all(ids)
    await elsewhere.dispose()
    waits = pauses.asked[1:]
    assert min(waits) < 0.1  # most transactions end soon
    assert waits[-1] > 0.2  # one that stays open for an hour costs two looks a second
    assert max(waits) <= 0.5


async def as_it_is_set_by_default(engine: Database, receiver: Receiver) -> Sink:
    settings = Settings(database_url="sqlite:///x.db", events_webhook_url=receiver.url, events_webhook_secret=SECRET)
    [sink] = sinks_of(settings, engine)
    return sink


async def test_by_default_an_event_is_tried_for_a_day_however_the_dice_fall(
    engine: Database, receiver: Receiver
) -> None:
    sink = await as_it_is_set_by_default(engine, receiver)
    await sink.close()
    # It may be refused at once each time, so that the waits are all the time that passes.
    assert sum(sink.retries.wait(tries, 0) for tries in range(1, sink.retries.tries)) >= 24 * HOUR.total_seconds()


async def test_a_receiver_that_was_down_for_an_hour_gets_everything_in_order_and_held_up_no_other(
    engine: Database, receiver: Receiver
) -> None:
    async def look_at_once(_woken: asyncio.Event, _seconds: float) -> None:
        await asyncio.sleep(0)

    async def until_next_try() -> timedelta:
        """How far away the next try is, once all groups were refused by the one and taken by the other."""
        async with asyncio.timeout(30):
            while True:
                refused = [lane for lane in await lanes(engine) if (lane["due_at"], lane["lease"]) != (None, None)]
                due = [lane["due_at"] for lane in refused if lane["sink"] == down.name and lane["lease"] is None]
                present = await database_now(engine)
                if len(due) == len(refused) == 2 and min(due) > present:
                    wait: timedelta = min(due) - present
                    return wait

    receiver.answer = always(503)
    ids = await record(engine, [ONE, TWO, ONE])
    async with listening() as sound:
        other = webhook(sound)
        other.name = "other"
        down = await as_it_is_set_by_default(engine, receiver)
        async with relays(engine, down, other, chance=0, pause=look_at_once):
            waited = timedelta()
            while waited < HOUR:
                await sound.received_all(ids)
                wait = await until_next_try()
                waited += wait
                await let_time_pass(engine, wait)
                ids += await record(engine, [ONE])
            await sound.received_all(ids)
            assert set(receiver.ids()) == set(ids[:2])
            await until_next_try()
            refused = len(receiver.deliveries)
            receiver.answer = accept
            await let_time_pass(engine, timedelta(seconds=down.retries.longest_wait))
            await receiver.received_all(ids)
            await sound.received_all(ids)
    of_one, of_two = [ids[0], *ids[2:]], [ids[1]]
    for group, its in ((ONE, of_one), (TWO, of_two)):
        for came in (receiver.deliveries[refused:], sound.deliveries):
            assert [delivery.id for delivery in came if delivery.group == str(group)] == its
    assert await parked(engine) == []

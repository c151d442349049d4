"""Relays die and receivers misbehave at any moment: every event is taken in the end, each group's in their order."""

import asyncio
import random
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from db.connections.engine import Database, create_engine
from server.events.relay import Relay
from tests.endurance.scale import soak
from tests.support.figures import record_figures
from tests.support.processes import running_command
from tests.support.receiver import SECRET, Delivery, Receiver, listening
from tests.support.relaying import let_time_pass, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

GROUPS: Final = [uuid.UUID(int=number) for number in range(1, 13)]


@dataclass
class Moody:
    """A receiver's mood: it takes two events of three, and does something else with the third."""

    chosen: random.Random
    recorded: dict[str, list[str]] = field(default_factory=dict)
    taken: dict[str, list[str]] = field(default_factory=dict)
    calls: int = 0
    too_early: int = 0

    async def record(self, engine: Database) -> None:
        """Stores an event for each group."""
        for group, event_id in zip(GROUPS, await record(engine, GROUPS), strict=True):
            self.recorded.setdefault(str(group), []).append(event_id)

    async def answer(self, delivery: Delivery) -> int | bytes:
        self.calls += 1
        mood = self.chosen.random()
        if mood < 0.1:
            return self.chosen.choice([500, 503, 429, 404, 302])
        if mood < 0.2:
            raise ConnectionResetError
        self.take(delivery)
        if mood < 0.3:  # it has taken the event, and nobody learns it
            raise ConnectionResetError
        return 200

    def take(self, delivery: Delivery) -> None:
        """Notes an event that is taken: again, or the next of its group."""
        taken, recorded = self.taken.setdefault(delivery.group, []), self.recorded[delivery.group]
        if delivery.id not in taken:
            self.too_early += delivery.id != recorded[len(taken)]
            taken.append(delivery.id)

    @property
    def has_all(self) -> bool:
        return sum(map(len, self.taken.values())) == sum(map(len, self.recorded.values()))


async def everything_taken(receiver: Receiver, moody: Moody) -> None:
    while not moody.has_all:
        await receiver.received(len(receiver.deliveries) + 1)


async def test_relays_that_die_at_any_moment_lose_nothing_and_keep_each_groups_order(
    database_url: str, database_kind: str, engine: Database
) -> None:
    moody = Moody(random.Random(7))
    deaths = 6
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(listening())
        receiver.respond = moody.answer
        running: list[asyncio.Task[None]] = []
        for death in range(deaths):
            while len(running) < 3:
                its_own = create_engine(database_url)
                stack.push_async_callback(its_own.dispose)
                relay = Relay(its_own, [webhook(receiver)], jitter=lambda: 0.5)
                running.append(asyncio.create_task(relay.run()))
                stack.callback(running[-1].cancel)  # else one that lives when the test fails keeps it from ending
            before = len(receiver.deliveries)  # relays that live may send some before they are all stored
            await moody.record(engine)
            await receiver.received(before + 1 + death % 5)
            dying = running.pop(0)
            dying.cancel()
            await asyncio.wait([dying])
            await let_time_pass(engine, timedelta(minutes=1))  # every lease runs out, those of the living too
        async with relays(engine, webhook(receiver)):
            await everything_taken(receiver, moody)
            for relay_task in running:
                relay_task.cancel()
            await asyncio.wait(running)
            await let_time_pass(engine, timedelta(minutes=1))
            last = await record(engine, GROUPS[:1])
            moody.recorded[str(GROUPS[0])] += last
            await everything_taken(receiver, moody)
    assert moody.too_early == 0
    assert moody.taken == moody.recorded
    assert await parked(engine) == []
    record_figures(
        "relays that die", database_kind, deaths=deaths, events=sum(map(len, moody.taken.values())), tries=moody.calls
    )


@pytest.mark.soak
async def test_relay_processes_that_are_killed_lose_nothing_and_keep_each_groups_order(
    database_url: str, database_kind: str, engine: Database, tmp_path: Path
) -> None:
    moody = Moody(random.Random())
    settings = {
        "DATABASE_URL": database_url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
        "EVENTS_WEBHOOK_TIMEOUT": "1",
        "EVENTS_WEBHOOK_TRIES": "1000",
        "EVENTS_WEBHOOK_LONGEST_WAIT": "1",
        "LOG_LEVEL": "ERROR",  # nobody reads the log: a pipe that is full would bring the relay to a stand
    }
    kills = soak(100, short=8)
    async with (
        listening() as receiver,
        running_command("relay", cwd=tmp_path, EVENTS_WEBHOOK_URL=receiver.url, **settings),
    ):
        receiver.respond = moody.answer
        for _ in range(kills):
            async with running_command("relay", cwd=tmp_path, EVENTS_WEBHOOK_URL=receiver.url, **settings):
                before = len(receiver.deliveries)  # the relay that lives may have sent some before they are all stored
                await moody.record(engine)
                await receiver.received(before + moody.chosen.randint(1, 8))
        await everything_taken(receiver, moody)
    assert moody.too_early == 0
    assert moody.taken == moody.recorded
    assert await parked(engine) == []
    record_figures(
        "relays killed", database_kind, kills=kills, events=sum(map(len, moody.taken.values())), tries=moody.calls
    )

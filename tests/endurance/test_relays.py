"""Relays die and receivers fail at any moment. Every event is delivered in the end, in the order of its group."""

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
class UnreliableReceiver:
    """Accepts about two of three deliveries, and fails in different ways for the others."""

    random: random.Random
    recorded: dict[str, list[str]] = field(default_factory=dict)
    accepted: dict[str, list[str]] = field(default_factory=dict)
    calls: int = 0
    out_of_order: int = 0

    async def record(self, engine: Database) -> None:
        """Store an event for each group."""
        for group, event_id in zip(GROUPS, await record(engine, GROUPS), strict=True):
            self.recorded.setdefault(str(group), []).append(event_id)

    async def respond(self, delivery: Delivery) -> int | bytes:
        self.calls += 1
        chance = self.random.random()
        if chance < 0.1:
            return self.random.choice([500, 503, 429, 404, 302])
        if chance < 0.2:
            raise ConnectionResetError
        self.accept(delivery)
        if chance < 0.3:  # accepted, but the relay gets no response
            raise ConnectionResetError
        return 200

    def accept(self, delivery: Delivery) -> None:
        """Accept an event. It may be a repetition; otherwise it must be the next one of its group."""
        accepted, recorded = self.accepted.setdefault(delivery.group, []), self.recorded[delivery.group]
        if delivery.id not in accepted:
            self.out_of_order += delivery.id != recorded[len(accepted)]
            accepted.append(delivery.id)

    @property
    def has_all(self) -> bool:
        return sum(map(len, self.accepted.values())) == sum(map(len, self.recorded.values()))


async def all_accepted(receiver: Receiver, unreliable: UnreliableReceiver) -> None:
    while not unreliable.has_all:
        await receiver.received(len(receiver.deliveries) + 1)


async def test_relays_that_die_lose_no_events_and_keep_their_order(
    database_url: str, database_kind: str, engine: Database
) -> None:
    unreliable = UnreliableReceiver(random.Random(7))
    deaths = 6
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(listening())
        receiver.respond = unreliable.respond
        running: list[asyncio.Task[None]] = []
        for death in range(deaths):
            while len(running) < 3:
                relay_engine = create_engine(database_url)
                stack.push_async_callback(relay_engine.dispose)
                relay = Relay(relay_engine, [webhook(receiver)], jitter=lambda: 0.5)
                running.append(asyncio.create_task(relay.run()))
                stack.callback(running[-1].cancel)  # a running relay would keep a failed test from ending
            before = len(receiver.deliveries)  # running relays may send some before all are stored
            await unreliable.record(engine)
            await receiver.received(before + 1 + death % 5)
            dying = running.pop(0)
            dying.cancel()
            await asyncio.wait([dying])
            await let_time_pass(engine, timedelta(minutes=1))  # all leases expire, including those of running relays
        async with relays(engine, webhook(receiver)):
            await all_accepted(receiver, unreliable)
            for relay_task in running:
                relay_task.cancel()
            await asyncio.wait(running)
            await let_time_pass(engine, timedelta(minutes=1))
            last = await record(engine, GROUPS[:1])
            unreliable.recorded[str(GROUPS[0])] += last
            await all_accepted(receiver, unreliable)
    assert unreliable.out_of_order == 0
    assert unreliable.accepted == unreliable.recorded
    assert await parked(engine) == []
    record_figures(
        "relays that die",
        database_kind,
        deaths=deaths,
        events=sum(map(len, unreliable.accepted.values())),
        tries=unreliable.calls,
    )


@pytest.mark.soak
async def test_killed_relay_processes_lose_no_events_and_keep_their_order(
    database_url: str, database_kind: str, engine: Database, tmp_path: Path
) -> None:
    unreliable = UnreliableReceiver(random.Random())
    settings = {
        "DATABASE_URL": database_url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
        "EVENTS_WEBHOOK_TIMEOUT": "1",
        "EVENTS_WEBHOOK_TRIES": "1000",
        "EVENTS_WEBHOOK_LONGEST_WAIT": "1",
        "LOG_LEVEL": "ERROR",  # nobody reads the log: a full pipe would block the relay
    }
    kills = soak(100, short=8)
    async with (
        listening() as receiver,
        running_command("relay", cwd=tmp_path, EVENTS_WEBHOOK_URL=receiver.url, **settings),
    ):
        receiver.respond = unreliable.respond
        for _ in range(kills):
            async with running_command("relay", cwd=tmp_path, EVENTS_WEBHOOK_URL=receiver.url, **settings):
                before = len(receiver.deliveries)  # the other relay may send some before all are stored
                await unreliable.record(engine)
                await receiver.received(before + unreliable.random.randint(1, 8))
        await all_accepted(receiver, unreliable)
    assert unreliable.out_of_order == 0
    assert unreliable.accepted == unreliable.recorded
    assert await parked(engine) == []
    record_figures(
        "relays killed",
        database_kind,
        kills=kills,
        events=sum(map(len, unreliable.accepted.values())),
        tries=unreliable.calls,
    )

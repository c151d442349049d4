"""A relay always stops: while it wakes, with a hanging database, and despite lost cancellations."""

import asyncio
import signal
import uuid
from pathlib import Path

import pytest

from db.connections.engine import Database
from server.events import relay as relay_module
from server.events.relay import Relay
from server.events.sink_relay import wait_for_event
from server.runtime.tasks import end_tasks
from tests.support.postgres_proxy import proxy_to
from tests.support.processes import running_command, wait_for_exit
from tests.support.receiver import SECRET, HeldResponse, Receiver
from tests.support.relaying import record, webhook

pytestmark = pytest.mark.anyio

MAX_STOP_SECONDS = 30 - 10 + 1
"""The bound in docs/events.md, less nine seconds: the receiver's timeout is one second instead of ten."""
GROUPS = [uuid.UUID(int=number) for number in range(1, 13)]


def settings(database_url: str, receiver: Receiver, *, timeout: int) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "EVENTS_WEBHOOK_URL": receiver.url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
        "EVENTS_WEBHOOK_TIMEOUT": str(timeout),
    }


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_relay_that_is_cancelled_while_it_wakes_stops(
    database_kind: str, engine: Database, receiver: Receiver
) -> None:
    pauses: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        pauses.put_nowait(woken)
        await wait_for_event(woken, seconds)

    for iterations in range(6):  # of the event loop, between the wake-up and the cancellation
        task = asyncio.create_task(Relay(engine, [webhook(receiver)], pause=pause).run())
        woken = await asyncio.wait_for(pauses.get(), 30)
        woken.set()
        for _ in range(iterations):
            await asyncio.sleep(0)
        task.cancel()
        ended_tasks, _ = await asyncio.wait([task], timeout=20)
        assert ended_tasks, f"the relay still runs after {iterations} iterations"


async def test_a_lost_cancellation_is_repeated() -> None:
    lost = 0

    async def lose_two() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(lose_two())
    await asyncio.sleep(0)
    assert await end_tasks([task], 30)
    assert (lost, task.cancelled()) == (2, True)


@pytest.mark.parametrize("stopped_by", ["stop", "cancel"])
async def test_a_task_that_never_ends_does_not_block_the_relay(
    engine: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, stopped_by: str
) -> None:
    monkeypatch.setattr(relay_module, "_MARGIN_SECONDS", 0.0)
    monkeypatch.setattr(relay_module, "_END_SECONDS", 0.1)
    paused, proceed = asyncio.Event(), asyncio.Event()

    async def never(_woken: asyncio.Event, _seconds: float) -> None:
        paused.set()
        while not proceed.is_set():
            try:
                await proceed.wait()
            except asyncio.CancelledError:
                continue

    relay = Relay(engine, [webhook(receiver, timeout=0.1)], pause=never)
    task = asyncio.create_task(relay.run())
    await asyncio.wait_for(paused.wait(), 30)
    if stopped_by == "stop":
        relay.stop()
    else:
        task.cancel()
    ended_tasks, _ = await asyncio.wait([task], timeout=20)
    proceed.set()
    assert ended_tasks


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_relay_with_a_hanging_database_stops_in_time(
    database_kind: str, database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await record(engine, GROUPS)
    async with (
        proxy_to(database_url) as (proxy, through),
        running_command("relay", cwd=tmp_path, **settings(through, receiver, timeout=1)) as relay,
    ):
        await receiver.received(1)
        proxy.stop_flow()
        relay.send_signal(signal.SIGTERM)
        status, _ = await asyncio.wait_for(wait_for_exit(relay), MAX_STOP_SECONDS)
    assert status == 0


async def test_a_second_signal_ends_the_process_immediately(
    database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    response = HeldResponse()
    receiver.respond = response
    await record(engine, GROUPS[:1])
    async with running_command("relay", cwd=tmp_path, **settings(database_url, receiver, timeout=60)) as relay:
        await receiver.received(1)
        relay.send_signal(signal.SIGTERM)
        with pytest.raises(TimeoutError):  # it waits for its receiver
            await asyncio.wait_for(asyncio.shield(relay.wait()), 1)
        relay.send_signal(signal.SIGTERM)
        status, _ = await wait_for_exit(relay)
    assert status == -signal.SIGTERM

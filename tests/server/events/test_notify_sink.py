"""Events as PostgreSQL notifications, received by a real LISTEN."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from db.connections.engine import Database, create_engine
from server.events.notify_sink import MAX_PAYLOAD_BYTES, NotifySink
from server.events.relay import relay_of
from server.events.sinks import sinks_of
from server.runtime.retries import Retries
from server.settings.environment import load_settings
from tests.support.receiver import SECRET, Receiver, always
from tests.support.relaying import nothing_is_due, record, relays, webhook

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["postgresql"])]

GROUPS = [uuid.UUID(int=number) for number in range(1, 5)]
CHANNEL = "pm_events"


@asynccontextmanager
async def listening_to_channel(database_url: str) -> AsyncIterator["asyncio.Queue[str]"]:
    """Yield a queue of the payloads that arrive on the channel."""
    payloads: asyncio.Queue[str] = asyncio.Queue()

    def receive(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
        payloads.put_nowait(payload)

    connection = await asyncpg.connect(database_url)
    try:
        await connection.add_listener(CHANNEL, receive)
        yield payloads
    finally:
        await connection.close()


async def take(payloads: "asyncio.Queue[str]", count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        return [json.loads(await payloads.get()) for _ in range(count)]


async def test_a_listener_receives_each_event_once_and_in_order_per_group(
    database_kind: str, database_url: str, engine: Database
) -> None:
    async with listening_to_channel(database_url) as payloads, AsyncExitStack() as stack:
        for _ in range(3):
            own_engine = create_engine(database_url)
            stack.push_async_callback(own_engine.dispose)
            await stack.enter_async_context(relays(own_engine, NotifySink(own_engine, CHANNEL)))
        ids = [event_id for _ in range(10) for event_id in await record(engine, GROUPS)]
        events = await take(payloads, len(ids))
        assert payloads.empty()
    assert sorted(event["id"] for event in events) == sorted(ids)
    for number, group in enumerate(GROUPS):
        assert [event["id"] for event in events if event["payload"]["group"] == str(group)] == ids[
            number :: len(GROUPS)
        ]
    assert await nothing_is_due(engine)


async def test_an_event_too_long_for_a_notification_is_sent_as_its_id(
    database_kind: str, database_url: str, engine: Database
) -> None:
    (short,) = await record(engine, GROUPS[:1], note="")
    async with listening_to_channel(database_url) as payloads, relays(engine, NotifySink(engine, CHANNEL)):
        (whole,) = await take(payloads, 1)
        assert whole["id"] == short
        room = MAX_PAYLOAD_BYTES - len(json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode())
        (fits,) = await record(engine, GROUPS[:1], note="é" * (room // 2) + "x" * (room % 2))
        (longer,) = await record(engine, GROUPS[:1], note="é" * (room // 2) + "x" * (room % 2 + 1))
        (longest,) = await record(engine, GROUPS[:1], note="é" * 100_000)
        events = await take(payloads, 3)
    assert events[0]["id"] == fits
    assert len(json.dumps(events[0], separators=(",", ":"), ensure_ascii=False).encode()) == MAX_PAYLOAD_BYTES
    assert events[1:] == [{"id": longer}, {"id": longest}]


async def test_a_webhook_that_is_down_delays_no_notification(
    database_kind: str, database_url: str, engine: Database, receiver: Receiver
) -> None:
    receiver.respond = always(503)
    ids = await record(engine, GROUPS * 2)
    async with (
        listening_to_channel(database_url) as payloads,
        relays(engine, webhook(receiver), NotifySink(engine, CHANNEL)),
    ):
        events = await take(payloads, len(ids))
    assert sorted(event["id"] for event in events) == sorted(ids)


async def test_the_settings_choose_the_sinks(database_kind: str, database_url: str, engine: Database) -> None:
    variables = {"DATABASE_URL": database_url}
    assert relay_of(load_settings(variables), engine) is None
    variables |= {"EVENTS_NOTIFY_CHANNEL": CHANNEL}
    assert [sink.name for sink in sinks_of(load_settings(variables), engine)] == ["notify"]
    variables |= {"EVENTS_WEBHOOK_URL": "https://cl.example.org/", "EVENTS_WEBHOOK_SECRET": SECRET}
    variables |= {"EVENTS_WEBHOOK_TRIES": "7", "EVENTS_WEBHOOK_TIMEOUT": "3"}
    notify, hooks = sinks_of(load_settings(variables), engine)
    assert (notify.name, hooks.name) == ("notify", "webhook")
    assert (hooks.retries, hooks.timeout_seconds) == (Retries(7, 1, 600), 4)
    await hooks.close()

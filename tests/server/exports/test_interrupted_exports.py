"""Half an export never looks like a whole one, and a client that goes away ends the work."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text

from db.connections.engine import Database
from tests.support.api_client import ORGANIZATION, bearer
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_enrollments, add_group
from tests.support.serving import Serving, serving

pytestmark = pytest.mark.anyio

ROWS = 20_000
COPYING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'"
)


@pytest.fixture
async def server(engine: Database, database_url: str) -> AsyncIterator[Serving]:
    """A server whose export of enrollments is larger than the buffers between it and its client."""
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "a", ORGANIZATION)
    ended = {"status": "DISENROLLED", "disenrolled_at": NOW, "disenrollment_reason": "moved away " * 90}
    await add_enrollments(engine, group, ["patient-1"] * ROWS, ORGANIZATION, **ended)
    async with serving(database_url) as server:
        yield server


@pytest.fixture
async def http(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": bearer(), "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=30) as http:
        yield http


async def test_a_whole_export_of_many_rows_arrives(http: httpx.AsyncClient) -> None:
    response = await http.get("/export/enrollments.csv")
    assert len(response.text.splitlines()) == ROWS + 1
    last = (await http.get("/export/enrollments.ndjson")).text.splitlines()[-1]
    assert last == f'{{"trailer":{{"export":"enrollments","rows":{ROWS}}}}}'


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("extension", ["csv", "ndjson"])
async def test_the_transfer_of_half_an_export_fails(
    engine: Database, http: httpx.AsyncClient, server: Serving, extension: str
) -> None:
    received = bytearray()

    async def read_while_the_database_ends_it() -> None:
        async with http.stream("GET", f"/export/enrollments.{extension}") as response:
            assert response.status_code == 200
            async for chunk in response.aiter_raw():
                if not received:
                    async with engine.begin() as connection:
                        await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({COPYING}) AS copying"))
                received.extend(chunk)

    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        await read_while_the_database_ends_it()
    assert received
    assert b'"trailer"' not in received
    assert (await http.get("/export/groups")).status_code == 200


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_client_that_goes_away_ends_the_query(
    engine: Database, http: httpx.AsyncClient, server: Serving
) -> None:
    for _ in range(3):  # one more than may run at once
        async with http.stream("GET", "/export/enrollments.csv") as response:
            async for _chunk in response.aiter_raw():
                break
            await until_queries(engine, run=True)
        await until_queries(engine, run=False)
    assert (await http.get("/export/groups")).status_code == 200


async def until_queries(engine: Database, *, run: bool) -> None:
    """Wait until a query of an export runs, or until none does."""
    async with asyncio.timeout(30), engine.connect() as connection:
        while bool((await connection.execute(text(COPYING))).all()) != run:
            await connection.rollback()


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_killed_server_leaves_a_failed_transfer_and_no_query(
    engine: Database, http: httpx.AsyncClient, server: Serving
) -> None:
    async def read_while_the_server_is_killed() -> None:
        async with http.stream("GET", "/export/enrollments.csv") as response:
            async for _chunk in response.aiter_raw():
                if server.process.returncode is None:
                    server.process.kill()

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await read_while_the_server_is_killed()
    await until_queries(engine, run=False)


async def test_many_clients_that_go_away_leave_room_for_others(http: httpx.AsyncClient) -> None:
    for _ in range(12):  # more than there are connections to the database
        async with http.stream("GET", "/export/enrollments.ndjson") as response:
            async for _chunk in response.aiter_raw():
                break
    response = await http.get("/export/enrollments.csv")
    assert len(response.text.splitlines()) == ROWS + 1


async def test_a_csv_export_over_http_1_0_is_refused(server: Serving) -> None:
    for extension, status in (("csv", b"505"), ("ndjson", b"200")):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = f"GET /export/groups.{extension} HTTP/1.0\r\nHost: clinic.test\r\nAuthorization: {bearer()}\r\n\r\n"
        writer.write(head.encode())
        response = await reader.read()
        writer.close()
        assert response.split()[1] == status, response

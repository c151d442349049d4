"""Responses that clients do not read take bounded memory, and delay no other client."""

import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import httpx
import pytest

from db.connections.engine import create_engine
from tests.server.http.server_process import ServerProcess, serving, status_of, wait_until
from tests.support.api_client import ORGANIZATION, bearer
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

MEGABYTE = 1_000_000
UNSENT = 20 * MEGABYTE
NAME, NAMES = 200, 100
# 200 groups with long names, and each name 100 times.
QUERY = "{ groupDefinitions(first: 200) { nodes {" + " ".join(f"a{number}: name" for number in range(NAMES)) + " } } }"
BODY = json.dumps({"query": QUERY}).encode()
RESPONSE_BYTES = 200 * NAMES * NAME
POST = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
REQUEST = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
READERS = 40


@pytest.fixture(scope="module")
def database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("http") / "server.db"
    shutil.copyfile(sqlite_template, path)
    anyio.run(_fill, path)
    return path


async def _fill(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    await seed(engine, ORGANIZATION)
    for number in range(200):
        await add_group(engine, f"{number}".ljust(NAME, "x"), ORGANIZATION, search_text="x")
    await engine.dispose()


@pytest.fixture
def readers() -> Iterator[ExitStack]:
    with ExitStack() as readers:
        yield readers


def request_without_reading(server: ServerProcess, readers: ExitStack) -> None:
    for _ in range(READERS):
        client = readers.enter_context(server.connect("127.0.0.2", receive_buffer=4_096))
        client.sendall(REQUEST)


def test_unread_responses_take_bounded_memory(database: Path, readers: ExitStack) -> None:
    with serving(database, LIMIT_UNSENT_BYTES=str(UNSENT)) as server:
        for _ in range(3):  # the first requests load modules and fill caches
            assert len(httpx_response(server)) > RESPONSE_BYTES
        before = server.memory
        request_without_reading(server, readers)
        highest = before

        def all_requests_are_handled() -> bool:
            nonlocal highest
            highest = max(highest, server.memory)
            return server.connections <= UNSENT // RESPONSE_BYTES + 1

        wait_until(all_requests_are_handled)
        assert highest - before < UNSENT + 40 * MEGABYTE < READERS * RESPONSE_BYTES / 2
        assert len(httpx_response(server)) > RESPONSE_BYTES
        wait_until(lambda: '"unsent_bytes":' in server.log.read_text())


def test_clients_that_do_not_read_are_closed_in_time(database: Path, readers: ExitStack) -> None:
    with serving(database, TIMEOUT_WRITE="1", TIMEOUT_KEEP_ALIVE="600") as server:
        request_without_reading(server, readers)
        wait_until(lambda: server.connections == READERS)
        wait_until(lambda: server.connections == 0)
        wait_until(lambda: '"write_timeout":' in server.log.read_text())


def test_a_client_that_reads_gets_a_large_response_completely(database: Path) -> None:
    with serving(database, TIMEOUT_WRITE="1", LIMIT_UNSENT_BYTES=str(UNSENT)) as server:
        request = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n", 1)
        response = server.exchange(request)
        assert status_of(response) == 200
        assert len(zlib.decompress(response.partition(b"\r\n\r\n")[2], 31)) > RESPONSE_BYTES
        plain = server.exchange(request.replace(b"gzip", b"identity"))
        assert len(plain) > RESPONSE_BYTES


def httpx_response(server: ServerProcess) -> bytes:
    return httpx.post(
        f"{server.url}/graphql",
        content=BODY,
        headers={"Authorization": bearer(), "Content-Type": "application/json", "Accept-Encoding": "identity"},
        timeout=30,
    ).content

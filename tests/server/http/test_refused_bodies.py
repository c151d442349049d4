"""Clients that are still sending a body receive its refusal instead of a connection reset."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.http.server_process import (
    TIMEOUT_SECONDS,
    ServerProcess,
    receive_all,
    receive_response,
    serving,
    status_of,
    wait_until,
)
from tests.support.api_client import bearer
from tests.support.node import NODE

MEGABYTE = 1_000_000
SETTINGS = {"LIMIT_DRAIN_BYTES": str(50 * MEGABYTE)}
SIZES = [MEGABYTE + 1, 5 * MEGABYTE, 40 * MEGABYTE]
TRIES = 5
JSON = {"Content-Type": "application/json"}
REFUSED = [
    pytest.param("/graphql", {**JSON, "Authorization": bearer()}, 413, id="too long"),
    pytest.param("/graphql", JSON, 401, id="no token"),
    pytest.param("/graphql", {"Content-Type": "text/plain", "Authorization": bearer()}, 415, id="no JSON"),
    pytest.param("/graphql", {**JSON, "X": "a" * 40_000}, 431, id="long head"),
    pytest.param("/events", JSON, 404, id="no events"),
    pytest.param("/nowhere", JSON, 404, id="no such path"),
    pytest.param("/health", JSON, 405, id="no such method"),
]
SCRIPT = """
const [url, headers, size, chunked, tries] = JSON.parse(process.argv[1]);
const statuses = [];
for (let n = 0; n < tries; n++) {
  const bytes = new Uint8Array(size);
  const body = chunked ? new ReadableStream({ start(c) {
    for (let at = 0; at < size; at += 65536) c.enqueue(bytes.subarray(at, at + 65536));
    c.close(); } }) : bytes;
  try {
    const response = await fetch(url, { method: "POST", headers, body, duplex: "half" });
    await response.text();
    statuses.push(response.status);
  } catch (error) { statuses.push(String(error.cause ?? error)); }
}
console.log(JSON.stringify(statuses));
"""


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("path", "headers", "status"), REFUSED)
def test_fetch_of_node_reads_the_refusal(
    server: ServerProcess, path: str, headers: dict[str, str], status: int, size: int, chunked: bool
) -> None:
    order = json.dumps([f"{server.url}{path}", headers, size, chunked, TRIES])
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", SCRIPT, order], capture_output=True, check=True, timeout=TIMEOUT_SECONDS
    )
    assert json.loads(done.stdout) == [status] * TRIES


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("path", "headers", "status"), REFUSED)
def test_urllib_reads_the_refusal(
    server: ServerProcess, path: str, headers: dict[str, str], status: int, size: int, chunked: bool
) -> None:
    for _ in range(TRIES):
        data = pieces(size) if chunked else b" " * size
        request = urllib.request.Request(f"{server.url}{path}", data, headers)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
        with refusal.value as response:
            assert response.status == status
            response.read()


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 65_536):
        yield b" " * min(65_536, size - start)


@pytest.mark.parametrize("size", SIZES)
def test_a_client_that_expects_100_continue_is_refused_before_it_sends(server: ServerProcess, size: int) -> None:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    response = server.exchange(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size)
    assert status_of(response) == 413
    assert b"\r\nconnection: close\r\n" in response


def test_a_refusal_without_100_continue_says_that_the_connection_closes(server: ServerProcess) -> None:
    head = b"POST /graphql HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
    # The client may send its next request instead of the body, and the server could not tell which it is.
    response = server.exchange(head + b"GET /health HTTP/1.1\r\n\r\n")
    assert status_of(response) == 401
    assert response.count(b"HTTP/1.1") == 1
    assert b"\r\nconnection: close\r\n" in response


def test_a_client_that_keeps_its_connection_reads_the_refusal(server: ServerProcess) -> None:
    with server.connect() as client:
        for _ in range(2):
            client.sendall(b"POST /graphql HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (5 * MEGABYTE))
            client.sendall(b" " * 5 * MEGABYTE)
            assert status_of(receive_response(client)) == 401


def test_a_body_over_the_limit_is_not_drained(server: ServerProcess) -> None:
    with server.connect() as client:
        client.sendall(b"POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n" % MEGABYTE + b" " * MEGABYTE + b"\r\n"
        with pytest.raises(ConnectionError):
            client.sendall(chunk * 200)


def test_refused_bodies_take_no_memory(server: ServerProcess) -> None:
    before = server.memory
    with server.connect() as client:
        client.sendall(b"POST /graphql HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (45 * MEGABYTE))
        client.sendall(b" " * 45 * MEGABYTE)
        assert status_of(receive_response(client)) == 401
    assert server.memory - before < 5 * MEGABYTE


def test_a_client_that_does_not_close_is_closed(database: Path) -> None:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    with serving(database, TIMEOUT_DRAIN="1") as server, server.connect() as client:
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % (5 * MEGABYTE))
        assert status_of(receive_all(client)) == 413
        wait_until(lambda: server.connections == 0)


def test_a_caller_over_its_rate_gets_429(database: Path) -> None:
    headers = {**JSON, "Authorization": bearer()}
    with serving(database, RATE_LIMIT="1/day") as server:
        for _ in range(TRIES):
            request = urllib.request.Request(f"{server.url}/graphql", b" " * 5 * MEGABYTE, headers)
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
            with refusal.value as response:
                status = response.status
        assert status == 429

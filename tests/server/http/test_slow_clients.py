"""Clients that send slowly or do not read: their connections are closed in time, with a reason if possible."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import repeat

import pytest

from tests.server.http.server_process import (
    ServerProcess,
    receive_all,
    receive_response,
    status_of,
    wait_until,
)
from tests.support.api_client import bearer
from tests.support.repository import ROOT

SETTINGS = {
    "GRAPHIQL": "on",
    **dict.fromkeys(("TIMEOUT_HEAD", "TIMEOUT_BODY", "TIMEOUT_WRITE", "TIMEOUT_DRAIN", "TIMEOUT_KEEP_ALIVE"), "1"),
}
POST = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
UNKNOWN = b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n"


def drip(client: socket.socket, data: Iterator[bytes]) -> bytes:
    """Send a byte every 50 ms until the server closes the connection, and return what it sent."""
    client.settimeout(0.05)
    received = b""
    for byte in data:
        try:
            client.sendall(byte)
            part = client.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            return received
        if not part:
            return received
        received += part
    raise AssertionError("the server never closed the connection")


def message_of(response: bytes) -> str:
    [error] = json.loads(response.partition(b"\r\n\r\n")[2])["errors"]
    assert error["extensions"] == {"code": "REQUEST_TIMEOUT"}
    return str(error["message"])


@pytest.mark.parametrize("sent", [b"G", HEALTH, HEALTH + b"X: a", b"\r\n"])
def test_a_head_that_is_not_finished_in_time_is_refused(server: ServerProcess, sent: bytes) -> None:
    response = server.exchange(sent)
    assert status_of(response) == 408
    assert message_of(response) == "The request line and headers did not arrive within 1 second."


@pytest.mark.parametrize("byte", [b"a", b"\r\n"])
def test_a_head_that_arrives_byte_by_byte_is_refused(server: ServerProcess, byte: bytes) -> None:
    with server.connect() as client:
        client.sendall(HEALTH + b"X: " if byte == b"a" else b"")
        assert status_of(drip(client, repeat(byte, 1_000))) == 408


def test_a_silent_connection_is_closed_without_a_response(server: ServerProcess) -> None:
    assert server.exchange(b"") == b""


def test_a_connection_that_is_idle_between_requests_is_closed(server: ServerProcess) -> None:
    assert server.exchange(HEALTH + b"\r\n").count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("length", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n"])
def test_a_body_that_never_comes_is_refused(server: ServerProcess, length: bytes, more: bytes) -> None:
    response = server.exchange(POST + more + length + b"\r\n\r\n").removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert status_of(response) == 408
    assert message_of(response) == "The request body did not arrive within 1 second after the headers."


@pytest.mark.parametrize(
    ("length", "piece"), [(b"Content-Length: 1000", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")]
)
def test_a_body_that_arrives_byte_by_byte_is_refused(server: ServerProcess, length: bytes, piece: bytes) -> None:
    with server.connect() as client:
        client.sendall(POST + length + b"\r\n\r\n")
        assert status_of(drip(client, repeat(piece, 500))) == 408


@pytest.mark.parametrize("head", [UNKNOWN, HEALTH, b"POST /events HTTP/1.1\r\n"])
@pytest.mark.parametrize(
    ("length", "piece"), [(b"Content-Length: 100000", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")]
)
def test_the_rest_of_a_refused_request_is_read_for_a_limited_time(
    server: ServerProcess, head: bytes, length: bytes, piece: bytes
) -> None:
    with server.connect() as client:
        client.sendall(head + length + b"\r\n\r\n")
        assert drip(client, repeat(piece, 1_000)).count(b"HTTP/1.1") == 1


def test_a_body_that_comes_after_its_response_leaves_the_connection_usable(server: ServerProcess) -> None:
    with server.connect() as client:
        for _ in range(3):
            client.sendall(UNKNOWN + b"Content-Length: 5\r\n\r\n")
            assert status_of(receive_response(client)) == 401
            client.sendall(b"12345")
        client.sendall(HEALTH + b"\r\n")
        assert status_of(receive_response(client)) == 200
        assert receive_all(client) == b""


def largest_asset() -> str:
    assets = ROOT / "web" / "dist" / "graphiql" / "assets"
    return max(assets.iterdir(), key=lambda path: path.stat().st_size).name


def test_a_reader_that_never_reads_is_closed(server: ServerProcess) -> None:
    request = f"GET /graphiql/assets/{largest_asset()} HTTP/1.1\r\n\r\n".encode()
    wait_until(lambda: server.connections == 0)
    before = server.descriptors
    with ExitStack() as readers:
        for _ in range(40):
            readers.enter_context(server.connect(receive_buffer=4_096)).sendall(request * 5)
        wait_until(lambda: server.connections == 40)
        wait_until(lambda: server.connections == 0)
        wait_until(lambda: server.descriptors == before)


def test_a_reader_that_reads_slowly_gets_all(server: ServerProcess) -> None:
    name = largest_asset()
    length = (ROOT / "web" / "dist" / "graphiql" / "assets" / name).stat().st_size
    started, read = time.monotonic(), 0
    with server.connect(receive_buffer=4_096) as client:
        client.sendall(f"GET /graphiql/assets/{name} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        while part := client.recv(16_384):
            read += len(part)
            # The whole response takes several times as long as a client may read nothing.
            time.sleep(max(0.0, started + 5 * read / length - time.monotonic()))
    assert read > length
    assert time.monotonic() - started > 4


def test_slow_clients_are_counted_in_the_log(server: ServerProcess) -> None:
    server.exchange(b"G")

    def counted() -> bool:
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        return any("head_timeout" in line.get("closed", {}) for line in lines)

    wait_until(counted)


def test_slow_clients_log_no_errors(server: ServerProcess) -> None:
    request = f"GET /graphiql/assets/{largest_asset()} HTTP/1.1\r\n\r\n".encode()
    for count in (1, 5):
        with server.connect(receive_buffer=4_096) as reader:
            reader.sendall(request * count)
            wait_until(lambda: server.connections == 1)
            wait_until(lambda: server.connections == 0)
    assert {json.loads(line)["level"] for line in server.log.read_text().splitlines()} == {"INFO", "WARNING"}

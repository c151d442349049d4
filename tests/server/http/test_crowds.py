"""Many connections: idle ones do not lock other clients out, and no request in progress is aborted."""

import contextlib
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.server.http.server_process import (
    ServerProcess,
    receive_all,
    receive_response,
    serving,
    status_of,
    wait_until,
)
from tests.support.api_client import bearer

INCOMPLETE = b"GET /health HTTP/1.1\r\nHost: a\r\n"
COMPLETE = b"GET /health HTTP/1.1\r\n\r\n"
ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"
ENROLL = b'{"query": "mutation { cancelOccurrence(input: {id: \\"a\\", reason: \\"b\\"}) { userErrors { code } } }"}'


def post(body: bytes) -> bytes:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Connections that stay open until the end of the test."""
    with ExitStack() as crowd:
        yield crowd


def hold(crowd: ExitStack, server: ServerProcess, data: bytes, address: str = ATTACKER) -> socket.socket:
    client = crowd.enter_context(server.connect(address))
    with contextlib.suppress(ConnectionError):
        client.sendall(data)
    return client


@pytest.mark.parametrize("data", [b"", INCOMPLETE, COMPLETE, post(b"{}")[:-1]], ids=["silent", "head", "idle", "body"])
def test_300_connections_under_ulimit_256_do_not_lock_other_clients_out(
    database: Path, crowd: ExitStack, data: bytes
) -> None:
    with serving(database, ulimit=256) as server:
        for number in range(300):
            hold(crowd, server, data)
            if number % 20 == 0:
                assert server.responds(OTHER)
                assert server.responds(ATTACKER)
        wait_until(lambda: server.connections <= 96)  # for a moment, it holds one that it is about to close
        assert server.descriptors < 256
        for address in (OTHER, ATTACKER):
            with server.connect(address) as client:
                client.sendall(post(b'{"query": "{ groupDefinitions(first: 1) { totalCount } }"}'))
                assert status_of(receive_response(client)) == 200
        assert "ulimit -n is too low for LIMIT_CONNECTIONS" in server.log.read_text()


def test_300_simultaneous_connections_do_not_lock_other_clients_out(database: Path, crowd: ExitStack) -> None:
    with serving(database, ulimit=256) as server:
        clients = [crowd.enter_context(socket.socket()) for _ in range(300)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", server.port))
        assert server.responds(OTHER)
        wait_until(lambda: server.connections <= 96)
        assert server.responds(ATTACKER)


def test_clients_that_load_files_leave_descriptors_for_the_database(database: Path, crowd: ExitStack) -> None:
    with serving(database, ulimit=256, GRAPHIQL="on") as server:
        page = server.exchange(b"GET /graphiql HTTP/1.1\r\nConnection: close\r\n\r\n")
        script = urljoin(b"/graphiql", page.split(b'src="')[1].split(b'"')[0])
        assert server.exchange(b"HEAD %s HTTP/1.1\r\nConnection: close\r\n\r\n" % script).startswith(b"HTTP/1.1 200")
        for _ in range(200):
            client = crowd.enter_context(server.connect(ATTACKER, receive_buffer=4_096))
            client.sendall(b"GET %s HTTP/1.1\r\n\r\n" % script)
        with server.connect(OTHER) as client:
            client.sendall(post(b'{"query": "{ groupDefinitions(first: 1) { totalCount } }"}'))
            assert status_of(receive_response(client)) == 200
        assert server.descriptors < 256


@pytest.mark.parametrize(
    ("variable", "crowded_out", "status", "code"),
    [("LIMIT_CONNECTIONS_PER_PEER", ATTACKER, 429, "LIMIT_EXCEEDED"), ("LIMIT_CONNECTIONS", OTHER, 503, "BUSY")],
)
def test_a_request_in_progress_is_not_aborted_for_a_new_connection(
    database: Path, crowd: ExitStack, variable: str, crowded_out: str, status: int, code: str
) -> None:
    with (
        serving(database, ulimit=None, **{variable: "2"}) as server,
        closing(sqlite3.connect(database, isolation_level=None)) as lock,
    ):
        lock.execute("BEGIN IMMEDIATE")
        clients = [hold(crowd, server, post(ENROLL)) for _ in range(2)]
        wait_until(lambda: server.connections == 2)
        refused = server.exchange(COMPLETE, crowded_out)
        lock.execute("ROLLBACK")
        assert status_of(refused) == status
        assert b"\r\nretry-after: 1\r\n" in refused
        [error] = json.loads(refused.partition(b"\r\n\r\n")[2])["errors"]
        assert error["extensions"]["code"] == code
        assert [status_of(receive_response(client)) for client in clients] == [200, 200]
        assert server.responds(crowded_out)


def test_a_peer_over_its_limit_loses_its_own_oldest_connection(database: Path, crowd: ExitStack) -> None:
    with serving(database, LIMIT_CONNECTIONS_PER_PEER="3") as server:
        other = hold(crowd, server, INCOMPLETE, OTHER)
        first, second, third = [hold(crowd, server, INCOMPLETE) for _ in range(3)]
        wait_until(lambda: server.connections == 4)
        fourth = hold(crowd, server, INCOMPLETE)
        evicted = receive_all(first)
        assert status_of(evicted) == 429
        assert b'"limit":"connections_per_peer","allowed":3' in evicted
        for client in (other, second, third, fourth):
            client.sendall(b"\r\n")
            assert status_of(receive_response(client)) == 200


@pytest.mark.parametrize("networks", ["127.0.0.2", "10.0.0.7, 127.0.0.2/31"])
def test_the_limit_for_each_peer_does_not_apply_to_trusted_proxies(
    database: Path, crowd: ExitStack, networks: str
) -> None:
    proxy, stranger = "127.0.0.2", "127.0.0.4"
    with serving(database, LIMIT_CONNECTIONS_PER_PEER="2", TRUSTED_PROXIES=networks) as server:
        through_proxy = [hold(crowd, server, INCOMPLETE, proxy) for _ in range(5)]
        strangers = [hold(crowd, server, INCOMPLETE, stranger) for _ in range(3)]
        assert status_of(receive_all(strangers[0])) == 429
        for client in (*through_proxy, *strangers[1:]):
            client.sendall(b"\r\n")
            assert status_of(receive_response(client)) == 200


def test_connections_over_the_limit_are_counted_in_the_log(database: Path, crowd: ExitStack) -> None:
    with serving(database, LIMIT_CONNECTIONS="5") as server:
        for _ in range(10):
            hold(crowd, server, INCOMPLETE)
        wait_until(lambda: '"connections":' in server.log.read_text())


def test_a_new_connection_gets_its_response_during_a_shutdown(database: Path, crowd: ExitStack) -> None:
    with serving(database) as server:
        client = hold(crowd, server, INCOMPLETE)
        wait_until(lambda: server.connections == 1)
        server.process.terminate()
        wait_until(lambda: not server.listens)
        client.sendall(b"\r\n")
        response = receive_all(client)
        assert status_of(response) == 200
        assert b"\r\nconnection: close\r\n" in response
        assert server.process.wait(timeout=30) == 0


def test_silent_connections_do_not_delay_a_shutdown(database: Path, crowd: ExitStack) -> None:
    with serving(database, TIMEOUT_HEAD="600") as server:
        silent, half = hold(crowd, server, b""), hold(crowd, server, INCOMPLETE)
        wait_until(lambda: server.connections == 2)
        server.process.terminate()
        assert (receive_all(silent), receive_all(half)) == (b"", b"")
        assert server.process.wait(timeout=30) == 0

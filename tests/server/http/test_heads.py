"""Limits on the head of a request, on chunk headers and trailers, and on pipelined requests."""

import contextlib
import json
from typing import Any

import pytest

from server.http.limits import DEFAULT_HTTP_LIMITS
from tests.server.http.server_process import ServerProcess, receive_all, receive_response, status_of
from tests.support.api_client import bearer

MEGABYTE = 1_000_000
LINE = b"GET /health HTTP/1.1\r\nConnection: close\r\n"
LIMIT = DEFAULT_HTTP_LIMITS.head_bytes


def error_of(response: bytes) -> dict[str, Any]:
    [error] = json.loads(response.partition(b"\r\n\r\n")[2])["errors"]
    return dict(error)


def head_of(length: int) -> bytes:
    return LINE + b"X: " + b"a" * (length - len(LINE) - len(b"X: \r\n\r\n")) + b"\r\n\r\n"


@pytest.mark.parametrize("length", [LIMIT + 1, 2 * LIMIT, 5 * MEGABYTE])
def test_a_head_over_the_limit_is_refused_with_its_limit(server: ServerProcess, length: int) -> None:
    response = server.exchange(head_of(length))
    assert status_of(response) == 431
    assert error_of(response) == {
        "message": "The request line and headers are too large. The limit is 32,768 bytes.",
        "extensions": {"code": "LIMIT_EXCEEDED", "limit": "head_bytes", "allowed": LIMIT},
    }
    assert b"x-content-type-options: nosniff\r\n" in response
    assert b"\r\ndate: " in response


@pytest.mark.parametrize("cut", [None, 10, 1_000, LIMIT - 1])
def test_a_head_of_the_limit_passes_however_it_is_cut(server: ServerProcess, cut: int | None) -> None:
    head = head_of(LIMIT)
    with server.connect() as client:
        client.sendall(head[:cut])
        client.sendall(head[len(head[:cut]) :])
        assert status_of(receive_all(client)) == 200


def test_a_body_does_not_count_as_head(server: ServerProcess) -> None:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    body = b'{"query": "{ __typename }"}' + b" " * (2 * LIMIT)
    head += b"X: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (b"a" * (LIMIT - 1_000), len(body))
    with server.connect() as client:
        client.sendall(head[:-100])
        client.sendall(head[-100:] + body)
        assert status_of(receive_all(client)) == 200


def test_a_path_over_the_limit_is_refused(server: ServerProcess) -> None:
    assert status_of(server.exchange(b"GET /graphql?query=" + b"a" * LIMIT + b" HTTP/1.1\r\n\r\n")) == 431


def test_a_header_of_113_megabytes_takes_no_memory(server: ServerProcess) -> None:
    before = server.memory
    with server.connect() as client, contextlib.suppress(ConnectionError):
        client.sendall(LINE + b"X: ")
        for _ in range(113):
            client.sendall(b"a" * MEGABYTE)
    assert server.memory - before < 10 * MEGABYTE
    assert server.responds()


@pytest.mark.parametrize(("lines", "status"), [(99, 200), (100, 431), (200_000, 431)])
def test_header_lines_are_limited(server: ServerProcess, lines: int, status: int) -> None:
    before = server.memory
    response = server.exchange(LINE + b"a:\r\n" * lines + b"\r\n")
    assert status_of(response) == status
    if status == 431:
        assert error_of(response)["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": "header_lines", "allowed": 100}
    assert server.memory - before < 10 * MEGABYTE


@pytest.mark.parametrize("name", ["Accept", "Accept-Encoding", "Content-Type", "X-Request-ID", "Idempotency-Key"])
def test_long_headers_are_not_cached(server: ServerProcess, name: str) -> None:
    token = bearer().encode()

    def send(count: int) -> None:
        with server.connect() as client:
            for number in range(count):
                value = f"{name}{number}".encode().ljust(LIMIT - 1_000, b"a")
                client.sendall(
                    b"POST /graphql HTTP/1.1\r\nContent-Length: 2\r\nAuthorization: %s\r\n%s: %s\r\n\r\n{}"
                    % (token, name.encode(), value)
                )
                receive_response(client)

    send(20)  # the first requests load modules and fill caches
    before = server.memory
    send(300)
    assert server.memory - before < 2 * MEGABYTE


def test_trailers_are_not_read_as_headers(server: ServerProcess) -> None:
    query = b'{"query": "mutation { cancelOccurrence(input: {id: \\"a\\", reason: \\"b\\"}) { userErrors { code } } }"}'
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    head += b"Transfer-Encoding: chunked\r\nConnection: close\r\n"
    chunk = b"%x\r\n%s\r\n0\r\n" % (len(query), query)
    malformed = b"Idempotency-Key: a, b\r\n"
    as_header = server.exchange(head + malformed + b"\r\n" + chunk + b"\r\n")
    as_trailer = server.exchange(head + b"\r\n" + chunk + malformed + b"\r\n")
    assert error_of(as_header)["message"].startswith("Idempotency-Key must be")
    assert b"Idempotency-Key" not in as_trailer


@pytest.mark.parametrize(
    "endless", [b"1;" + b"a" * MEGABYTE, b"0" * MEGABYTE, b"0\r\nX: " + b"a" * MEGABYTE, b"0\r\n" + b"a:\r\n" * 250_000]
)
def test_chunk_headers_and_trailers_are_limited(server: ServerProcess, endless: bytes) -> None:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    before = server.memory
    with server.connect() as client:
        client.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n" + endless)
        response = receive_all(client)
    assert status_of(response) in {400, 431}
    assert server.memory - before < 10 * MEGABYTE


def test_pipelined_requests_are_limited(server: ServerProcess) -> None:
    before = server.memory
    with server.connect() as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(b"GET /health HTTP/1.1\r\n\r\n" * 50_000)
        responses = b""
        with contextlib.suppress(ConnectionError):
            responses = receive_all(client)
    assert responses.count(b"HTTP/1.1 200 OK") <= 11
    assert server.memory - before < 10 * MEGABYTE


def test_pipelined_requests_get_their_responses_in_order(server: ServerProcess) -> None:
    paths = (b"/health", b"/nowhere", b"/health")
    sent = b"".join(b"GET %s HTTP/1.1\r\n\r\n" % path for path in paths) + LINE + b"\r\n"
    responses = server.exchange(sent)
    assert [int(part[:3]) for part in responses.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200, 200]


def test_data_that_is_not_http_is_refused_in_json(server: ServerProcess) -> None:
    response = server.exchange(b"\x16\x03\x01 this is TLS\r\n\r\n")
    assert status_of(response) == 400
    assert error_of(response) == {
        "message": "The request is not valid HTTP/1.1.",
        "extensions": {"code": "BAD_REQUEST"},
    }


def test_a_refusal_by_the_protocol_has_its_id_in_the_log(server: ServerProcess) -> None:
    head = server.exchange(b"nonsense\r\n\r\n").partition(b"\r\n\r\n")[0].decode().split("\r\n")
    [request_id] = [line.partition(": ")[2] for line in head if line.startswith("x-request-id: ")]
    [line] = [line for line in map(json.loads, server.log.read_text().splitlines()) if request_id in line.values()]
    assert line["message"] == "refused"
    assert {"peer_address": "127.0.0.1", "status": 400, "refusal": "malformed"}.items() <= line.items()


def test_a_request_to_upgrade_gets_a_response_in_http_1_1(server: ServerProcess) -> None:
    with server.connect() as client:
        client.sendall(
            b"GET /health HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + b"PRI * HTTP/2.0\r\n\r\n"
        )
        response = receive_all(client)
    assert status_of(response) == 200
    assert response.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("cut", [None, 100, 250, -1])
def test_a_body_that_comes_with_an_upgrade_is_read(server: ServerProcess, chunked: bool, cut: int | None) -> None:
    query = b'{"query": "{ __typename }"}'
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    # Java's HttpClient begins an unencrypted connection like this.
    head += b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(query)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(query), query) if chunked else query
    request = head + framing + b"\r\n\r\n" + body
    with server.connect() as client:
        for _ in range(2):  # on the same connection
            client.sendall(request[:cut])
            client.sendall(request[len(request[:cut]) :])
            response = receive_response(client)
            assert status_of(response) == 200
            assert b'"data":{"__typename":"Query"}' in response
    responses = server.exchange(request * 2 + LINE + b"\r\n")
    assert [int(part[:3]) for part in responses.split(b"HTTP/1.1 ")[1:]] == [200, 200, 200]


def test_a_tunnel_is_refused(server: ServerProcess) -> None:
    assert status_of(server.exchange(b"CONNECT clinic.example:443 HTTP/1.1\r\nHost: clinic.example\r\n\r\n")) == 400


def test_an_http_1_0_client_gets_a_response(server: ServerProcess) -> None:
    assert status_of(server.exchange(b"GET /health HTTP/1.0\r\n\r\n")) == 200

"""Long responses are compressed for clients that accept it, and decompress to the same bytes."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from server.middleware.compression import MIN_BYTES, Compression, accepts_gzip
from tests.support.api_client import ApiClients

pytestmark = pytest.mark.anyio


async def respond(body: bytes, accept_encoding: str | None, **headers: str) -> httpx.Response:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body, 203, headers)(scope, receive, send)

    return await _send(Compression(app), accept_encoding)


async def _send(app: Compression, accept_encoding: str | None) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        client.headers.pop("accept-encoding")
        sent = {} if accept_encoding is None else {"Accept-Encoding": accept_encoding}
        async with client.stream("GET", "/", headers=sent) as response:
            response.extensions["bytes"] = b"".join([part async for part in response.aiter_raw()])
            return response


@pytest.mark.parametrize("length", [MIN_BYTES, 10_000, 2_000_000])
async def test_a_long_response_is_compressed_without_loss(length: int) -> None:
    body = (b'{"id": "01a20b87-d2cf"}' * length)[:length]
    response = await respond(body, "br, gzip;q=0.8", **{"Cache-Control": "no-store"})
    sent = response.extensions["bytes"]
    assert gzip.decompress(sent) == body
    assert len(sent) < length
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers.get_list("content-length") == [str(len(sent))]
    assert response.headers["vary"] == "Accept-Encoding"
    assert (response.status_code, response.headers["cache-control"]) == (203, "no-store")


@pytest.mark.parametrize(
    ("length", "accept_encoding"), [(MIN_BYTES - 1, "gzip"), (10_000, None), (10_000, "br"), (10_000, "gzip;q=0")]
)
async def test_short_responses_and_other_clients_get_no_compression(length: int, accept_encoding: str | None) -> None:
    response = await respond(b"a" * length, accept_encoding)
    assert response.extensions["bytes"] == b"a" * length
    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-length"] == str(length)


async def test_compression_keeps_other_vary_headers() -> None:
    response = await respond(b"a" * 10_000, "gzip", Vary="Origin")
    assert response.headers.get_list("vary") == ["Origin", "Accept-Encoding"]


async def test_a_streamed_response_is_not_compressed() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"a" * MIN_BYTES

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(parts())(scope, receive, send)

    response = await _send(Compression(app), "gzip")
    assert response.extensions["bytes"] == b"a" * 3 * MIN_BYTES


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("gzip; q=0.1", True),
        ("gzip;q=0.5, identity;q=0.1", True),
        ("gzip;q=0.5, identity", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=nonsense", False),
        ("identity", False),
        ("", False),
        (None, False),
    ],
)
def test_accept_encoding_is_read_by_the_standard(header: str | None, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts


async def test_the_api_compresses_its_responses(app_client: ApiClients) -> None:
    client = await app_client()
    whole = "{ __schema { types { name description fields { name description } } } }"
    compressed = await client.send(whole)
    plain = await client.http.post("/graphql", json={"query": whole}, headers={"Accept-Encoding": "identity"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.headers["cache-control"] == "no-store"
    assert "Accept-Encoding" in compressed.headers["vary"]
    assert "content-encoding" not in plain.headers
    assert compressed.json() == plain.json()

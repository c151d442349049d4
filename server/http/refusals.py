"""Refusals that the HTTP protocol sends itself, for requests that do not reach the app."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import orjson

from server.middleware.request_id import HEADER
from server.middleware.security_headers import with_security_headers
from server.responses.errors import ErrorCode, seconds_in_words
from server.responses.json_responses import RequestRefused

_RETRY_AFTER: Final = {"Retry-After": "1"}


def response_bytes(refusal: RequestRefused, default_headers: Sequence[tuple[bytes, bytes]], request_id: str) -> bytes:
    """Return the whole HTTP response. It closes the connection, because what follows is not read.

    Args:
        refusal: The refusal.
        default_headers: The headers that uvicorn adds to every response, such as the date.
        request_id: The id under which the refusal is logged.
    """
    content = orjson.dumps(refusal.body)
    headers = [
        *default_headers,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        (HEADER.lower().encode(), request_id.encode()),
        *[(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()],
    ]
    lines = [b"HTTP/1.1 %d %s" % (refusal.status, HTTPStatus(refusal.status).phrase.encode())]
    lines += [b"%s: %s" % header for header in with_security_headers(headers, {})]
    return b"\r\n".join([*lines, b"", content])


def malformed() -> RequestRefused:
    """Return the refusal of data that is not HTTP."""
    message = "The request is not valid HTTP/1.1."
    return RequestRefused(400, ErrorCode.BAD_REQUEST, message, reason="malformed")


def head_too_large(limit: int) -> RequestRefused:
    """Return the refusal of a head, or of chunk headers or trailers, that exceeds the limit in bytes."""
    message = f"The request line and headers are too large. The limit is {limit:,} bytes."
    return _over_limit(431, message, "head_bytes", limit)


def too_many_header_lines(limit: int) -> RequestRefused:
    """Return the refusal of a head with too many lines."""
    message = f"The request has too many header lines. The limit is {limit:,}."
    return _over_limit(431, message, "header_lines", limit)


def too_many_pipelined() -> RequestRefused:
    """Return the refusal of a request that is sent ahead of too many responses."""
    message = "Too many requests on this connection are waiting for a response. Wait before you send more."
    return RequestRefused(429, ErrorCode.LIMIT_EXCEEDED, message, reason="pipelined")


def head_too_slow(seconds: int) -> RequestRefused:
    """Return the refusal of a head that did not arrive in time."""
    message = f"The request line and headers did not arrive within {seconds_in_words(seconds)}."
    return RequestRefused(408, ErrorCode.REQUEST_TIMEOUT, message, reason="head_timeout")


def body_too_slow(seconds: int) -> RequestRefused:
    """Return the refusal of a body that did not arrive in time."""
    message = f"The request body did not arrive within {seconds_in_words(seconds)} after the headers."
    return RequestRefused(408, ErrorCode.REQUEST_TIMEOUT, message, reason="body_timeout")


def too_many_connections() -> RequestRefused:
    """Return the refusal of a connection that exceeds the limit for all clients."""
    message = "The server has too many open connections. Try again in 1 second."
    return RequestRefused(503, ErrorCode.BUSY, message, headers=_RETRY_AFTER, reason="connections")


def too_many_connections_of_peer(limit: int) -> RequestRefused:
    """Return the refusal of a connection that exceeds the limit for its address."""
    message = f"Your address has too many open connections. The limit is {limit:,}. Close some, and try again."
    return _over_limit(429, message, "connections_per_peer", limit, headers=_RETRY_AFTER)


def _over_limit(
    status: int, message: str, limit: str, allowed: int, headers: dict[str, str] | None = None
) -> RequestRefused:
    return RequestRefused(
        status, ErrorCode.LIMIT_EXCEEDED, message, headers=headers, reason=limit, limit=limit, allowed=allowed
    )

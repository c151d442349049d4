"""Responses that the protocol itself sends: requests that never reach the app."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from server.middleware.request_id import HEADER
from server.middleware.security_headers import secured
from server.responses.errors import ErrorCode, error


@dataclass(frozen=True, slots=True)
class ProtocolRefusal:
    """A refusal of whatever a connection is about to send.

    Attributes:
        reason: Its name in the log.
        status: The HTTP status.
        message: What is wrong, and what would be right.
        code: The error's code.
        extensions: What the error says besides.
        retry_after: Seconds after which another try makes sense.
    """

    reason: str
    status: int
    message: str
    code: ErrorCode
    extensions: dict[str, Any] = field(default_factory=dict)
    retry_after: int | None = None

    def response(self, default_headers: Sequence[tuple[bytes, bytes]], request_id: str) -> bytes:
        """Return the whole response. It says that the connection closes, since what follows is not read.

        Args:
            default_headers: What uvicorn adds to every response, such as the date.
            request_id: The id that the log has.
        """
        body = error(self.message, self.code)
        body["extensions"].update(self.extensions)
        content = orjson.dumps({"errors": [body]})
        headers = [
            *default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            (HEADER.lower().encode(), request_id.encode()),
        ]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        lines = [b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%s: %s" % header for header in secured(headers, {})]
        return b"\r\n".join([*lines, b"", content])


def malformed() -> ProtocolRefusal:
    """Return the refusal of what is not HTTP."""
    return ProtocolRefusal("malformed", 400, "The request is not valid HTTP/1.1.", ErrorCode.BAD_REQUEST)


def head_too_long(limit: int) -> ProtocolRefusal:
    """Return the refusal of a head, or of chunk headers or trailers, over the limit of bytes."""
    return ProtocolRefusal(
        "head_bytes",
        431,
        f"The request line and headers are too long; the limit is {limit:,} bytes.",
        ErrorCode.LIMIT_EXCEEDED,
        {"limit": "head_bytes", "allowed": limit},
    )


def too_many_header_lines(limit: int) -> ProtocolRefusal:
    """Return the refusal of a head over the limit of lines."""
    return ProtocolRefusal(
        "header_lines",
        431,
        f"The request has too many header lines; the limit is {limit:,}.",
        ErrorCode.LIMIT_EXCEEDED,
        {"limit": "header_lines", "allowed": limit},
    )


def too_many_pipelined() -> ProtocolRefusal:
    """Return the refusal of one more request that is sent ahead of the responses to those before it."""
    return ProtocolRefusal("pipelined", 429, "Wait for responses before you send more.", ErrorCode.LIMIT_EXCEEDED)


def head_too_slow(seconds: int) -> ProtocolRefusal:
    """Return the refusal of a head that did not arrive in time."""
    return ProtocolRefusal(
        "head_timeout",
        408,
        f"The request line and headers did not arrive within {seconds} seconds.",
        ErrorCode.REQUEST_TIMEOUT,
    )


def body_too_slow(seconds: int) -> ProtocolRefusal:
    """Return the refusal of a body that did not arrive in time."""
    return ProtocolRefusal(
        "body_timeout",
        408,
        f"The body did not arrive within {seconds} seconds of the headers.",
        ErrorCode.REQUEST_TIMEOUT,
    )


def too_many_connections() -> ProtocolRefusal:
    """Return the refusal of a connection over the limit of all connections."""
    return ProtocolRefusal(
        "connections", 503, "The server has too many open connections: try again.", ErrorCode.BUSY, retry_after=1
    )


def too_many_connections_of_peer(limit: int) -> ProtocolRefusal:
    """Return the refusal of a connection over the limit of one address."""
    return ProtocolRefusal(
        "connections_per_peer",
        429,
        f"Your address has too many open connections; the limit is {limit:,}. Close some, and try again.",
        ErrorCode.LIMIT_EXCEEDED,
        {"limit": "connections_per_peer", "allowed": limit},
        retry_after=1,
    )

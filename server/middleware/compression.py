"""gzip compression of responses, for clients that accept it (RFC 9110 sections 8.4 and 12.5.3).

Every client accepts gzip. ISA-L takes a tenth of the time of zlib: 1.1 ms instead of 12 ms for a report of 1.5 MB,
which it compresses to 18% instead of 17%.
"""

import asyncio
from typing import Final

from isal import isal_zlib
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.responses.headers import cached_parser, header, quality_values

MIN_BYTES: Final = 1_000
"""Shorter responses fit into one packet without compression."""
_THREAD_BYTES: Final = 250_000
"""Longer responses are compressed in a thread, so that the event loop can serve other requests."""
_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31


class Compression:
    """ASGI middleware that compresses responses. Streamed responses are not compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request through the app, and compress its response."""
        compress = accepts_gzip(header(scope, b"accept-encoding"))
        start: Message = {}

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start:
                start["headers"] = [*start["headers"], (b"vary", b"Accept-Encoding")]
                if compress and not message.get("more_body") and len(message.get("body", b"")) >= MIN_BYTES:
                    message["body"] = await _gzip(message["body"])
                    start["headers"] = _gzip_headers(start["headers"], len(message["body"]))
                await send(start)
                start = {}
            await send(message)

        await self._app(scope, receive, send_compressed)


@cached_parser
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether the Accept-Encoding header accepts gzip and does not prefer an uncompressed response."""
    qualities = quality_values(accept_encoding or "")
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


async def _gzip(body: bytes) -> bytes:
    if len(body) > _THREAD_BYTES:
        return await asyncio.to_thread(isal_zlib.compress, body, _LEVEL, _GZIP_WINDOW)
    return isal_zlib.compress(body, _LEVEL, _GZIP_WINDOW)


def _gzip_headers(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [header for header in headers if header[0].lower() != b"content-length"]
    return [*others, (b"content-encoding", b"gzip"), (b"content-length", str(length).encode())]

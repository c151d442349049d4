"""Answers compressed with gzip where the client takes it (RFC 9110 sections 8.4 and 12.5.3).

gzip is what every client takes. By ISA-L it costs a tenth of zlib: of a report of 1.5 MB, 1.1 ms instead of 12, for 18%
of its length instead of 17%.
"""

import asyncio
from typing import Final

from isal import isal_zlib
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.responses.headers import cached, header

SMALLEST: Final = 1_000
"""Shorter answers go as they are: they fit a packet either way."""
_LONG: Final = 250_000
"""Longer ones are compressed in a thread, so that others are answered meanwhile."""
_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31


class Compressed:
    """An ASGI app whose answers are compressed, for clients that take it. What is sent in parts stays as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        gzip = takes_gzip(header(scope, b"accept-encoding"))
        start: Message = {}

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start:
                start["headers"] = [*start["headers"], (b"vary", b"Accept-Encoding")]
                if gzip and not message.get("more_body") and len(message.get("body", b"")) >= SMALLEST:
                    message["body"] = await _compress(message["body"])
                    start["headers"] = _of_compressed(start["headers"], len(message["body"]))
                await send(start)
                start = {}
            await send(message)

        await self._app(scope, receive, send_compressed)


@cached
def takes_gzip(header: str | None) -> bool:
    """Return whether a client with this Accept-Encoding header takes gzip, and likes it no less than plain bytes."""
    listed: dict[str, float] = {}
    for part in (header or "").split(","):
        name, _, parameter = part.partition(";")
        key, _, value = parameter.partition("=")
        listed[name.strip().lower()] = _quality(value) if key.strip().lower() == "q" else 1.0
    gzip = listed.get("gzip", listed.get("x-gzip", listed.get("*", 0.0)))
    return gzip > 0 and gzip >= listed.get("identity", 0.0)


def _quality(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0


async def _compress(body: bytes) -> bytes:
    if len(body) > _LONG:
        return await asyncio.to_thread(isal_zlib.compress, body, _LEVEL, _GZIP_WINDOW)
    return isal_zlib.compress(body, _LEVEL, _GZIP_WINDOW)


def _of_compressed(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [header for header in headers if header[0].lower() != b"content-length"]
    return [*kept, (b"content-encoding", b"gzip"), (b"content-length", str(length).encode())]

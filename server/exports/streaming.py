"""Sends an export as it is read. A client that goes away ends the work."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from isal import isal_zlib
from starlette.types import Receive, Send

_PIECE: Final = 1 << 16
"""How many bytes to send at once. PostgreSQL sends 8 kB at a time, and each piece costs a fixed time."""
_LEVEL: Final = 1
_GZIP_WINDOW: Final = 31


class Compressor(Protocol):
    """What isal_zlib.compressobj returns."""

    def compress(self, data: bytes, /) -> bytes:
        """Return the compressed bytes that are ready."""

    def flush(self) -> bytes:
        """Return the rest."""


class ExportResponse:
    """A response whose headers are sent with its first piece, so that an error before it has a status of its own."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], *, gzip: bool) -> None:
        """Take the headers, and whether to compress the body."""
        self._send = send
        self._headers = [*headers, (b"vary", b"Accept, Accept-Encoding")]
        self._compressor: Compressor | None = None
        if gzip:
            self._compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
            self._headers.append((b"content-encoding", b"gzip"))
        self._pending = bytearray()
        self.started = False

    async def write(self, data: bytes) -> None:
        """Send bytes. Wait while the client reads slowly."""
        if self._compressor is not None:
            data = self._compressor.compress(data)
        self._pending += data
        if len(self._pending) >= _PIECE:
            await self._start()
            await self._send({"type": "http.response.body", "body": self._take(), "more_body": True})

    async def send_headers(self) -> None:
        """Send the headers and no body, as HEAD requests."""
        await self._start()
        await self._send({"type": "http.response.body"})

    async def end(self) -> None:
        """Send the rest, and that the response is whole."""
        if self._compressor is not None:
            self._pending += self._compressor.flush()
        await self._start()
        await self._send({"type": "http.response.body", "body": self._take()})

    def _take(self) -> bytes:
        piece = bytes(self._pending)
        self._pending.clear()
        return piece

    async def _start(self) -> None:
        if not self.started:
            self.started = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})


class Disconnected(Exception):
    """The client has closed the connection."""


async def while_connected(receive: Receive, work: Callable[[], Awaitable[Any]]) -> None:
    """Run the work. If the client closes the connection, cancel it, wait until it has ended, and raise Disconnected."""
    working = asyncio.ensure_future(work())
    watching = asyncio.ensure_future(_until_disconnected(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Disconnected
        working.result()
    finally:
        for task in (working, watching):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

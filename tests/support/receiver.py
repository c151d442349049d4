"""A receiver of webhooks on 127.0.0.1 over a real socket. It records each request and responds as tests choose."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Delivery:
    """One received request."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def envelope(self) -> dict[str, Any]:
        """The event, after verifying the signature."""
        event: dict[str, Any] = Webhook(SECRET).verify(self.body, self.headers)
        return event

    @property
    def group(self) -> str:
        return str(orjson.loads(self.body)["payload"]["group"])


Responder = Callable[[Delivery], Awaitable[int | bytes]]
"""Returns the response to a delivery: a status, or the bytes of a whole response."""


async def accept(_delivery: Delivery) -> int:
    return 204


def always(status: int) -> Responder:
    async def respond(_delivery: Delivery) -> int:
        return status

    return respond


class HeldResponse:
    """A response that is sent once a test releases it."""

    def __init__(self, status: int = 200) -> None:
        self._status = status
        self._released = asyncio.Event()

    async def __call__(self, _delivery: Delivery) -> int:
        await self._released.wait()
        return self._status

    def release(self) -> None:
        self._released.set()


@dataclass
class Receiver:
    """The receiver, with its deliveries."""

    port: int = 0
    respond: Responder = accept
    deliveries: list[Delivery] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def ids(self) -> list[str]:
        return [delivery.id for delivery in self.deliveries]

    async def received(self, count: int) -> list[Delivery]:
        """Wait for this number of deliveries, and return all of them."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries

    async def received_all(self, ids: Iterable[str]) -> None:
        """Wait until each of these events was delivered."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: set(ids) <= set(self.ids()))

    async def record(self, delivery: Delivery) -> None:
        async with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while delivery := await _read(reader):
                await self.record(delivery)
                response = await self.respond(delivery)
                if isinstance(response, int):
                    response = f"HTTP/1.1 {response} Status\r\ncontent-length: 0\r\n\r\n".encode()
                writer.write(response)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed, or its timeout expired
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Delivery | None:
    head = await reader.readuntil(b"\r\n\r\n")
    _, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Delivery(headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Receiver]:
    """Yield a receiver that listens during the block."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Yield a receiver that accepts all deliveries by default."""
    async with listening() as receiver:
        yield receiver

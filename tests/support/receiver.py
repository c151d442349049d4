"""A receiver of webhooks on 127.0.0.1, over a real socket: it notes each request, and answers as it is told."""

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
    """One request that came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def envelope(self) -> dict[str, Any]:
        """The event, once its signature is found good."""
        verified: dict[str, Any] = Webhook(SECRET).verify(self.body, self.headers)
        return verified

    @property
    def group(self) -> str:
        return str(orjson.loads(self.body)["payload"]["group"])


Answer = Callable[[Delivery], Awaitable[int | bytes]]


async def accept(_delivery: Delivery) -> int:
    return 204


def always(status: int) -> Answer:
    async def answer(_delivery: Delivery) -> int:
        return status

    return answer


@dataclass
class Receiver:
    """What came in; `answer` says what to answer: a status, or the bytes of a whole response."""

    port: int = 0
    answer: Answer = accept
    deliveries: list[Delivery] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def ids(self) -> list[str]:
        return [delivery.id for delivery in self.deliveries]

    async def received(self, count: int) -> list[Delivery]:
        """Waits until so many requests have come in, and gives them all."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries

    async def received_all(self, ids: Iterable[str]) -> None:
        """Waits until each of these events has come in."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: set(ids) <= set(self.ids()))

    async def note(self, delivery: Delivery) -> None:
        async with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while delivery := await _read(reader):
                await self.note(delivery)
                answer = await self.answer(delivery)
                if isinstance(answer, int):
                    answer = f"HTTP/1.1 {answer} Told\r\ncontent-length: 0\r\n\r\n".encode()
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed, or did not wait
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Delivery | None:
    head = await reader.readuntil(b"\r\n\r\n")
    _, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Delivery(headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Receiver]:
    """Gives a receiver that listens until the block is left."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything, until a test says otherwise."""
    async with listening() as receiver:
        yield receiver

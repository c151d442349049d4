"""A client of subscriptions over graphql-transport-ws that sends anything, and sees each close code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.api_client import bearer
from tests.support.streams import CHANGES, SECONDS

PROTOCOL = "graphql-transport-ws"


class Socket:
    """A connection that sends anything, and says what comes back."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else orjson.dumps(message).decode())

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = orjson.loads(await self.connection.recv())
            return message

    async def sign_in(self, authorization: str | None = None) -> None:
        await self.send({"type": "connection_init", "payload": {"Authorization": authorization or bearer()}})
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, id: str = "1", query: str = CHANGES, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.send({"type": "subscribe", "id": id, "payload": payload})

    async def changes(self, count: int) -> list[str]:
        messages = [await self.next() for _ in range(count)]
        assert {message["type"] for message in messages} == {"next"}, messages
        return [message["payload"]["data"]["changes"]["id"] for message in messages]

    async def closed(self) -> int:
        """Read until the server has closed the connection, and return its code."""
        async with asyncio.timeout(SECONDS):
            with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - it reads what comes before
                while True:
                    await self.connection.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


@asynccontextmanager
async def connected(address: str, subprotocol: str | None = PROTOCOL, **options: Any) -> AsyncIterator[Socket]:
    url = f"{address.replace('http', 'ws')}/graphql"
    subprotocols = [Subprotocol(subprotocol)] if subprotocol else None
    async with connect(url, subprotocols=subprotocols, proxy=None, **options) as connection:
        yield Socket(connection)

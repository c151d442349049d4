"""The messages of graphql-transport-ws on one WebSocket: as JSON, within limits, and with a close code for all else."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import orjson
from starlette.types import Receive, Send
from strawberry.http.async_base_view import AsyncWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected

from server.settings.stream_limits import StreamLimits

BAD_REQUEST: Final = 4400
FORBIDDEN: Final = 4403
NOT_ACCEPTABLE: Final = 4406
TOO_MANY: Final = 4429
TRY_AGAIN_LATER: Final = 1013
INTERNAL_ERROR: Final = 1011
ABNORMAL_CLOSURE: Final = 1006
_MAX_REASON_BYTES: Final = 120
"""A close frame has room for 123 bytes."""


class MessageSocket(AsyncWebSocketAdapter):
    """A WebSocket that has been accepted.

    Attributes:
        code: The code with which it was closed, or None.
    """

    def __init__(self, receive: Receive, send: Send, limits: StreamLimits) -> None:
        self.code: int | None = None
        self._receive = receive
        self._send = send
        self._limits = limits
        self._received: deque[float] = deque(maxlen=limits.messages)

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Return the messages until the connection is closed.

        Raises:
            NonTextMessageReceived: A message is binary.
            NonJsonMessageReceived: A message is not JSON.
        """
        while self.code is None:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self.code = self.code or message.get("code", 1005)
                return
            if self._is_flooded():
                await self.close(TOO_MANY, "Too many messages. Send fewer.")
                return
            text = message.get("text")
            if text is None:
                raise NonTextMessageReceived
            try:
                parsed = orjson.loads(text)
            except (orjson.JSONDecodeError, RecursionError):
                raise NonJsonMessageReceived from None
            yield parsed

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message.

        Raises:
            WebSocketDisconnected: The connection is closed.
            TimeoutError: The client does not read the messages before it in time.
        """
        async with asyncio.timeout(self._limits.slow_reader):
            await self._pass_on({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, if it is open."""
        if self.code is None:
            message = {"type": "websocket.close", "code": code, "reason": _shortened(reason)}
            try:
                await self._pass_on(message)
            except WebSocketDisconnected:
                return
            finally:
                self.code = code

    async def _pass_on(self, message: dict[str, Any]) -> None:
        if self.code is not None:
            raise WebSocketDisconnected
        try:
            await self._send(message)
        except (OSError, RuntimeError):  # uvicorn's and starlette's, if the connection was closed meanwhile
            raise WebSocketDisconnected from None

    def _is_flooded(self) -> bool:
        now = time.monotonic()
        received = self._received
        flooded = len(received) == received.maxlen and now - received[0] < self._limits.messages_seconds
        received.append(now)
        return flooded


def _shortened(reason: str) -> str:
    return reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")

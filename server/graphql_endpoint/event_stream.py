"""Server-sent events: the `distinct connections mode` of GraphQL over SSE (graphql-sse's PROTOCOL.md).

Each response is an event `next`. `complete` is sent only if nothing more can come, because clients do not subscribe
again after it. If the stream ends for another reason, the connection is closed without it, and clients reconnect.
Comments are signs of life, and name the reason at the end.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from server.graphql_endpoint.stream_slots import seconds_until
from server.graphql_endpoint.subscriptions import StreamEnd, Subscription
from server.responses.errors import error_body
from server.responses.negotiation import EVENT_STREAM
from server.responses.request_record import RequestRecord
from server.runtime.connection_signals import call_on_shutdown
from server.settings.stream_limits import StreamLimits

_COMPLETE: Final = b"event: complete\ndata: \n\n"
_COMMENT: Final = b":\n\n"
# nginx would collect the events in its buffer without the last header.
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_CONTENT_TYPE: Final = f"{EVENT_STREAM}; charset=utf-8"


def single_event(body: dict[str, Any], record: RequestRecord) -> Response:
    """Return a stream of one response, such as the errors of an invalid document."""
    errors = body.get("errors", ())
    record.outcome = ",".join(dict.fromkeys(error["extensions"]["code"] for error in errors)) or "ok"
    return Response(_next(body) + _COMPLETE, 200, _HEADERS, _CONTENT_TYPE)


class EventStream(StreamingResponse):
    """The stream of an open subscription."""

    def __init__(
        self,
        subscription: Subscription,
        closing: AsyncExitStack,
        valid_until: float,
        limits: StreamLimits,
        record: RequestRecord,
    ) -> None:
        """Take the subscription.

        Args:
            subscription: The subscription.
            closing: Closes it.
            valid_until: When the caller's token expires, in seconds since 1970.
            limits: The limits of streams.
            record: The record of the request.
        """
        super().__init__(_nothing(), 200, _HEADERS, _CONTENT_TYPE)
        self._subscription = subscription
        self._closing = closing
        self._valid_until = valid_until
        self._limits = limits
        self._record = record
        self._ended: asyncio.Future[StreamEnd]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until it ends."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        expiry = loop.call_later(seconds_until(self._valid_until), self._end, StreamEnd.TOKEN_EXPIRED)
        call_on_shutdown(scope, lambda: self._end(StreamEnd.SERVER_RESTART))
        try:
            async with self._closing:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                end = await self._run(receive, send)
                self._record.outcome = end if end is not StreamEnd.COMPLETE else "ok"
            if end is not StreamEnd.DISCONNECTED:
                await send({"type": "http.response.body", "body": _last_part(end)})
        finally:
            expiry.cancel()

    async def _run(self, receive: Receive, send: Send) -> StreamEnd:
        """Send responses and signs of life until the stream ends, and return why."""
        await self._send(send, _COMMENT)  # the client sees that the stream is open
        responses = asyncio.create_task(self._send_responses(send))
        client = asyncio.create_task(_disconnected(receive))
        try:
            while not self._ended.done():
                tasks: set[asyncio.Future[Any]] = {responses, client, self._ended}
                done, _ = await asyncio.wait(tasks, timeout=self._limits.heartbeat, return_when=asyncio.FIRST_COMPLETED)
                if client in done:
                    self._end(StreamEnd.DISCONNECTED)
                elif responses in done:
                    self._end(responses.result())
                elif not done:
                    await self._send(send, _COMMENT)
        except TimeoutError:
            self._end(StreamEnd.SLOW_READER)
        finally:
            responses.cancel()
            client.cancel()
            await asyncio.gather(responses, client, return_exceptions=True)
        return self._ended.result()

    async def _send_responses(self, send: Send) -> StreamEnd:
        async def send_response(body: dict[str, Any]) -> None:
            await self._send(send, _next(body))

        return await self._subscription.send_all(send_response)

    async def _send(self, send: Send, part: bytes) -> None:
        """Send a part of the body. Raise TimeoutError if the client does not read the parts before it in time."""
        async with asyncio.timeout(self._limits.slow_reader):
            await send({"type": "http.response.body", "body": part, "more_body": True})

    def _end(self, reason: StreamEnd) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)


async def _nothing() -> AsyncIterator[bytes]:
    """Be the content of a response that sends its content itself."""
    return
    yield b""


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(body: dict[str, Any]) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(body) + b"\n\n"


def _last_part(end: StreamEnd) -> bytes:
    if end is StreamEnd.COMPLETE:
        return _COMPLETE
    comment = f": {end}\n\n".encode()
    if end is StreamEnd.SLOW_READER:
        return _next({"errors": [error_body(end.message, end)]}) + comment
    return comment

"""uvicorn's HTTP protocol with limits on requests, and with responses that arrive even if the request was not read."""

import asyncio
import logging
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from uuid_utils import uuid7
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from server.http import refusals
from server.http.refusals import response_bytes
from server.http.websocket import BoundedWebSocket
from server.responses.json_responses import RequestRefused
from server.runtime.connection_signals import begin_shutdown

if TYPE_CHECKING:  # the configuration imports this module
    from server.http.config import ServerConfig
    from server.http.connection_registry import RegisteredConnection

_log = logging.getLogger("group_sessions.connections")
_MAX_LINE: Final = 8_000
"""The longest line of a head that the WebSocket library accepts is a little longer."""
_MAX_PIPELINED: Final = 10
"""One read may hold 3,000 requests, and each takes several kilobytes. Most clients send one at a time."""


class Phase(Enum):
    """The phase of a connection, by what it waits for."""

    HEAD = auto()
    BODY = auto()
    RESPONSE = auto()
    IDLE = auto()
    DRAIN = auto()


class _StopParsing(Exception):
    """Raised in a callback of the parser to stop it. The refusal is in `_refusal`."""


class BoundedRequests(HttpToolsProtocol):
    """A connection with limits on its requests."""

    config: "ServerConfig"

    def __init__(
        self,
        config: "ServerConfig",
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = config.http_limits
        self._registry = config.connections
        self._running: RequestResponseCycle | None = None  # uvicorn keeps only the newest request
        self._framing_bytes = 0  # received since the last complete head or piece of a body
        self._drained_bytes = 0
        self._refusal: RequestRefused | None = None
        self._ignores_data = False
        self._half_closed = False
        self._shutting_down = False

    # Receiving

    def data_received(self, data: bytes) -> None:
        """Parse data in pieces. The size of a piece limits how much of an unfinished line the parser keeps."""
        self._unset_keepalive_if_required()
        size = self._limits.head_bytes
        if len(data) <= size:
            self._parse(data)
        else:
            for start in range(0, len(data), size):
                self._parse(data[start : start + size])

    def _parse(self, data: bytes) -> None:
        if self._ignores_data:
            self._discard(data)
            return
        self._framing_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if self._is_websocket_request():
                self._upgrade_to_websocket(rest)
            else:
                self._parse_without_upgrade(rest)
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or refusals.malformed())
            return
        if self._framing_bytes > self._limits.head_bytes:
            self._refuse(refusals.head_too_large(self._limits.head_bytes))
            return
        cycle = self.cycle
        if cycle is not None and cycle.more_body and cycle.response_complete:
            self._discard(data)

    def _is_websocket_request(self) -> bool:
        return (
            self._should_upgrade()
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and self.url.isascii()
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _upgrade_to_websocket(self, rest: bytes) -> None:
        """Pass the connection on to the WebSocket protocol. A client may send nothing before the response."""
        lines = [b"GET %s HTTP/1.1" % self.url, *(b"%s: %s" % header for header in self.headers)]
        if rest or any(len(line) > _MAX_LINE for line in lines):
            self._refuse(refusals.malformed() if rest else refusals.head_too_large(_MAX_LINE))
            return
        self._unset_keepalive_if_required()
        self._ignores_data = True
        self.connections.discard(self)
        self._registry.remove(cast("RegisteredConnection", self))  # the subclass is one
        websocket = BoundedWebSocket(self.config, self.server_state, self.app_state)
        websocket.open(self.transport, b"\r\n".join([*lines, b"", b""]))

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Parse the head again without `Upgrade`, which a server may ignore (RFC 9110 section 7.8).

        The parser stopped before the body, as if another protocol began there. Some HTTP/1.1 clients that prefer
        HTTP/2, such as Java's, send the header with their first request.
        """
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % (name, value) for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._framing_bytes = 0
        self._parse(b"\r\n".join([*lines, b"", b""]))
        self._parse(rest)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header line. Discard trailers, which must not be treated as headers (RFC 9110 section 6.5.1)."""
        if self.cycle is not None and self.cycle.scope is self.scope:
            return
        if len(self.headers) >= self._limits.header_lines:
            self._refusal = refusals.too_many_header_lines(self._limits.header_lines)
            raise _StopParsing
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request if its head is within the limits."""
        if self._framing_bytes > self._limits.head_bytes and self._head_bytes() > self._limits.head_bytes:
            self._refusal = refusals.head_too_large(self._limits.head_bytes)
            raise _StopParsing
        if len(self.pipeline) >= _MAX_PIPELINED:
            self._refusal = refusals.too_many_pipelined()
            raise _StopParsing
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise _StopParsing
            return
        self._unset_keepalive_if_required()
        super().on_headers_complete()
        self._framing_bytes = self._drained_bytes = 0
        # After a refusal, a client that expects 100 Continue may send its body or its next request. Nothing tells which
        # of the two arrives, so the connection must be closed.
        if self.expect_100_continue or self._shutting_down:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        cycle.transport = _ResponseTransport(self, cycle)
        if self._shutting_down:
            begin_shutdown(cast("dict[str, Any]", cycle.scope))
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Add a piece of the request body."""
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Tell the app that the request is complete. If it has responded already, wait for the next request."""
        if self.parser.should_upgrade():
            return
        self._framing_bytes = 0
        if self.cycle.response_complete:
            self.cycle.more_body = False
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().on_message_complete()

    def _head_bytes(self) -> int:
        request_line = len(self.parser.get_method()) + len(self.url) + len(b"  HTTP/1.1\r\n")
        return (
            request_line + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers) + len(b"\r\n")
        )

    # Refusing and closing

    def _refuse(self, refusal: RequestRefused) -> None:
        self._registry.count_closed(refusal.reason)
        if self.phase is Phase.RESPONSE:
            self._close_after_response()
        elif self._respond(refusal) or self._has_responded():
            self._drain_and_close()
        else:
            self.abort()

    def _respond(self, refusal: RequestRefused) -> bool:
        """Send a refusal and return True, or return False if another response is due first."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.response_started or self.pipeline:
                return False
            cycle.disconnected = True
            cycle.message_event.set()
        elif self._has_responded():
            return False
        request_id = str(uuid7())
        fields = {
            "request_id": request_id,
            "peer_address": self.client[0] if self.client else None,
            "status": refusal.status,
            "refusal": refusal.reason,
        }
        _log.info("refused", extra={"fields": fields})
        self.transport.write(response_bytes(refusal, self.server_state.default_headers, request_id))
        return True

    def _has_responded(self) -> bool:
        """Return whether the rest of a request arrives after its response."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _close_after_response(self) -> None:
        self._ignores_data = True
        if self.cycle is not None:
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self._drain_and_close()

    def _drain_and_close(self) -> None:
        """Stop sending, and read on for a while before the connection is closed.

        Closing with unread data would reset the connection, and a client that is still sending would lose the response
        (RFC 9112 section 9.6).
        """
        self._ignores_data = self._half_closed = True
        self.flow.resume_reading()
        self.transport.write_eof()

    def close_after_body(self, cycle: RequestResponseCycle) -> None:
        """Close the connection after its last response, when the whole request has arrived."""
        if cycle.more_body:
            self._drain_and_close()
        else:
            self.transport.close()

    def _discard(self, data: bytes) -> None:
        self._drained_bytes += len(data)
        if self._drained_bytes > self._limits.drain_bytes:
            self._abort_because("drain_bytes")

    def _abort_because(self, reason: str) -> None:
        self._registry.count_closed(reason)
        self.abort()

    def on_response_complete(self) -> None:
        """Continue with the next request."""
        if self._running is not None and isinstance(self._running.transport, _ResponseTransport):
            self._running.transport.send_head()
            # Break the reference cycle, so that the request is freed without a garbage collection.
            self._running.transport = self.transport
        if self._half_closed:
            self.server_state.total_requests += 1
        else:
            super().on_response_complete()

    @property
    def phase(self) -> Phase:
        """The current phase of the connection."""
        cycle = self.cycle
        if self._half_closed:
            return Phase.DRAIN
        if cycle is not None and not cycle.response_complete:
            return Phase.BODY if cycle.more_body and not self.pipeline else Phase.RESPONSE
        if self._has_responded():
            return Phase.DRAIN
        return Phase.HEAD if self.timeout_keep_alive_task is None else Phase.IDLE

    def abort(self) -> None:
        """Close the connection without sending the bytes that wait."""
        self._ignores_data = True
        self.transport.abort()


class _ResponseTransport(asyncio.Transport):
    """The transport of one response.

    It sends the head together with the first part of the body, as ASGI allows, because each packet costs as much as a
    small response. If the request is incomplete, closing it first reads and discards the rest, within limits.
    """

    def __init__(self, connection: BoundedRequests, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._connection = connection
        self._cycle = cycle
        self._head: bytes | bytearray | memoryview | None = None
        self._head_is_sent = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._head_is_sent or not self._cycle.response_started:  # such as 100 Continue
            self._connection.transport.write(data)
        elif self._head is None:
            self._head = data
        else:
            self._connection.transport.writelines((self._head, data))
            self._head_is_sent = True

    def send_head(self) -> None:
        """Send the head of a response that has no body, or whose body does not come."""
        if self._head is not None and not self._head_is_sent:
            self._connection.transport.write(self._head)
            self._head_is_sent = True

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self.send_head()
        self._connection.close_after_body(self._cycle)

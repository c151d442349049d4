"""uvicorn's HTTP protocol with bounds on requests, and with responses that arrive though a request was not read."""

import asyncio
import logging
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import httptools
from uuid_utils import uuid7
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from server.http import refusals
from server.http.refusals import response_bytes
from server.responses.json_responses import RequestRefused

if TYPE_CHECKING:  # the configuration names this protocol
    from server.http.config import ServerConfig

_log = logging.getLogger("group_sessions.connections")
_MOST_PIPELINED: Final = 10
"""Each takes some kilobytes, and 3,000 fit into one packet that is read. Hardly any client sends more than one."""


class Phase(Enum):
    """What a connection waits for."""

    HEAD = auto()
    BODY = auto()
    RESPONSE = auto()
    IDLE = auto()
    DRAIN = auto()


class _Refused(Exception):
    """Ends parsing; the protocol knows why."""


class BoundedRequests(HttpToolsProtocol):
    """A connection whose requests are bounded."""

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
        self._registry = config.open_connections
        self._running: RequestResponseCycle | None = None  # uvicorn keeps the last to arrive alone
        self._framing_bytes = 0  # received since the last head or piece of a body was complete
        self._drained_bytes = 0
        self._refusal: RequestRefused | None = None
        self._ignores_data = False
        self._half_closed = False
        self._shutting_down = False

    # What arrives

    def data_received(self, data: bytes) -> None:
        """Parse what a client has sent, in pieces: what the parser holds of an unfinished line is bounded by them."""
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
            self._parse_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or refusals.malformed())
            return
        if self._framing_bytes > self._limits.head_bytes:
            self._refuse(refusals.head_too_large(self._limits.head_bytes))
            return
        cycle = self.cycle
        if cycle is not None and cycle.more_body:
            if cycle.response_complete:
                self._discard(data)
            elif cycle.transport is self.transport:
                cycle.transport = _DrainingTransport(self, cycle)

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Parse the head again without `Upgrade`, which a server may ignore (RFC 9110 section 7.8).

        The parser has stopped at the body, as if another protocol began there. HTTP/1.1 clients that would rather
        speak HTTP/2 send the header with their first request, such as Java's.
        """
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % (name, value) for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._framing_bytes = 0
        self._parse(b"\r\n".join([*lines, b"", b""]))
        self._parse(rest)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line. Trailers are no headers of the request (RFC 9110 section 6.5.1), and are dropped."""
        if self.cycle is not None and self.cycle.scope is self.scope:
            return
        if len(self.headers) >= self._limits.header_lines:
            self._refusal = refusals.too_many_header_lines(self._limits.header_lines)
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request, where its head is within the bounds."""
        if self._framing_bytes > self._limits.head_bytes and self._head_bytes() > self._limits.head_bytes:
            self._refusal = refusals.head_too_large(self._limits.head_bytes)
            raise _Refused
        if len(self.pipeline) >= _MOST_PIPELINED:
            self._refusal = refusals.too_many_pipelined()
            raise _Refused
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise _Refused
            return
        self._unset_keepalive_if_required()
        super().on_headers_complete()
        self._framing_bytes = self._drained_bytes = 0
        # A body that is expected may follow its refusal or not: what comes next could not be told from it.
        if self.expect_100_continue or self._shutting_down:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the app know that it has all of the request; where it has responded before, go on with the next one."""
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

    # What is refused

    def _refuse(self, refusal: RequestRefused) -> None:
        self._registry.note(refusal.reason)
        if self.phase is Phase.RESPONSE:
            self._close_after_response()
        elif self._respond(refusal) or self._has_responded():
            self._drain_and_close()
        else:
            self.abort()

    def _respond(self, refusal: RequestRefused) -> bool:
        """Send a refusal where the next response is due, and return True; return False where it is not."""
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
        """Return whether what arrives is the rest of a request that has had its response."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _close_after_response(self) -> None:
        self._ignores_data = True
        if self.cycle is not None:
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self._drain_and_close()

    def _drain_and_close(self) -> None:
        """End the responses, and read on for a while: closing with data unread would reset the connection.

        The reset would take the response from a client that still sends (RFC 9112 section 9.6).
        """
        self._ignores_data = self._half_closed = True
        self.flow.resume_reading()
        self.transport.write_eof()

    def close_after_body(self, cycle: RequestResponseCycle) -> None:
        """Close the connection after the last response, once the request has arrived."""
        if cycle.more_body:
            self._drain_and_close()
        else:
            self.transport.close()

    def _discard(self, data: bytes) -> None:
        self._drained_bytes += len(data)
        if self._drained_bytes > self._limits.drain_bytes:
            self._give_up("drain_bytes")

    def _give_up(self, reason: str) -> None:
        self._registry.note(reason)
        self.abort()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        if self._half_closed:
            self.server_state.total_requests += 1
        else:
            super().on_response_complete()

    @property
    def phase(self) -> Phase:
        """What the connection waits for now."""
        cycle = self.cycle
        if self._half_closed:
            return Phase.DRAIN
        if cycle is not None and not cycle.response_complete:
            return Phase.BODY if cycle.more_body and not self.pipeline else Phase.RESPONSE
        if self._has_responded():
            return Phase.DRAIN
        return Phase.HEAD if self.timeout_keep_alive_task is None else Phase.IDLE

    def abort(self) -> None:
        """Close the connection without sending what waits."""
        self._ignores_data = True
        self.transport.abort()


class _DrainingTransport(asyncio.Transport):
    """The transport of a request that has not arrived whole: closing it reads the rest first, within bounds."""

    def __init__(self, connection: BoundedRequests, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._connection = connection
        self._cycle = cycle

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.close_after_body(self._cycle)

"""The WebSocket protocol of the server: uvicorn's, with the limits that HTTP connections have.

A connection gets here by an HTTP request that was within the limits of its head.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame

from server.http.connection_registry import peer_of
from server.http.slow_reader import SlowReader
from server.responses.json_responses import RequestRefused
from server.runtime.connection_signals import is_in_use

if TYPE_CHECKING:  # the configuration imports this module
    from server.http.config import ServerConfig

_MAX_QUEUED: Final = 200
"""The most messages that wait for the app. One read may hold 40,000 short ones."""
_MAX_FRAGMENTS: Final = 200
"""The most frames of one message. Their bytes are limited, but empty ones have none."""
_MAX_UNSENT_BYTES: Final = 1_000_000
"""The most bytes that wait for the client. Responses to pings are sent without waiting for it to read."""
_POLICY_VIOLATION: Final = 1008
_INVALID_DATA: Final = 1007
_TRY_AGAIN_LATER: Final = 1013


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket with all limits of its configuration."""

    config: "ServerConfig"
    peer: str | None = None

    def __init__(
        self,
        config: "ServerConfig",
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._registry = config.connections
        self._reader = SlowReader(config.http_limits.timeout_write)
        self._opened_at = self.loop.time()
        self._shutting_down = False

    def open(self, transport: asyncio.Transport, head: bytes) -> None:
        """Take over the connection of a request to upgrade.

        Args:
            transport: The connection.
            head: The request line and the headers of the request.
        """
        self.peer = peer_of(transport.get_extra_info("peername"), self.config.proxies)
        self._registry.add(self)
        self.connection_made(transport)
        transport.set_protocol(self)
        self.data_received(head)
        if not self.handshake_initiated:  # the library has refused the request
            transport.write(b"".join(self.conn.data_to_send()))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry, and tell the app."""
        self._registry.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Receive frames. Close the connection if the client sends pings without reading the responses."""
        super().data_received(data)
        if self.unsent_bytes > _MAX_UNSENT_BYTES:
            self._registry.count_closed("unsent_bytes")
            self.abort()

    def handle_cont(self, event: Frame) -> None:
        """Add a frame to a message."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self._fail(_POLICY_VIOLATION, "The message has too many frames.")
            return
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Queue a message for the app, unless it is not UTF-8 or the client sends more than the app can take."""
        if self.close_sent:
            return
        if self.queue.qsize() >= _MAX_QUEUED:
            self._fail(_POLICY_VIOLATION, "Too many messages at once.")
        elif self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self._fail(_INVALID_DATA, "The message is not UTF-8.")
        else:
            super().send_receive_event_to_app()

    def _fail(self, code: int, reason: str) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.fail(code, reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def shutdown(self) -> None:
        """Close the connection. A client that does not read the close frame holds up no shutdown: see `review`."""
        self._shutting_down = True
        super().shutdown()

    def pause_writing(self) -> None:
        """Let the app wait for a slow reader."""
        super().pause_writing()
        self._registry.begin_stall(self)

    def resume_writing(self) -> None:
        """Let the app continue after the client has read."""
        super().resume_writing()
        self._reader.has_read()
        self._registry.end_stall(self)

    # The registry closes slow and idle connections

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait for the client to read them."""
        return self.transport.get_write_buffer_size()

    def stalled_since(self, now: float) -> float:
        """Return the time since which the client reads too slowly, or `now` if it does not."""
        return now if self._reader.stalled_since is None else self._reader.stalled_since

    def idle_since(self, now: float) -> float | None:
        """Return the time since which the server waits for the client; None while a subscription is open."""
        if is_in_use(cast("dict[str, Any]", getattr(self, "scope", {}))):
            return self._reader.stalled_since
        return self._opened_at

    def review(self, now: float) -> None:
        """Close the connection if its client reads too slowly. uvicorn's pings find clients that are gone."""
        if self._reader.is_too_slow(now, self.unsent_bytes):
            self._registry.count_closed("write_timeout")
            self.abort()
        elif self._shutting_down and self._reader.holds_up_shutdown(now):
            self._registry.count_closed("shutdown")
            self.abort()

    def evict(self, refusal: RequestRefused) -> None:
        """Close the connection to make room for others."""
        self._fail(_TRY_AGAIN_LATER, refusal.reason)
        self.transport.close()

    def abort(self) -> None:
        """Close the connection without sending the bytes that wait."""
        self.transport.abort()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

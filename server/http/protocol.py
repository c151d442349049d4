"""The server's HTTP protocol: a connection whose requests, time and unread responses are bounded.

The time-outs are watched by `Connections.review`, once a second, so that they cost requests nothing.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from server.http import refusals
from server.http.bounded_requests import BoundedRequests, Phase
from server.http.connections import peer_of
from server.responses.json_responses import RequestRefused

if TYPE_CHECKING:  # the configuration names this protocol
    from server.http.config import ServerConfig

_SLOWEST_BYTES_PER_SECOND: Final = 500
_SHUTDOWN_SECONDS: Final = 1.0
"""How long a new connection may take to send its request while the server shuts down."""


class BoundedProtocol(BoundedRequests):
    """A connection within the limits of its configuration."""

    def __init__(
        self,
        config: "ServerConfig",
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.peer: str | None = None
        self._seen: tuple[Phase, RequestResponseCycle | None] = (Phase.HEAD, None)
        self._seen_at = self.loop.time()
        self._stall: tuple[float, int] | None = None  # when how many bytes waited for the client

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take the connection in, or refuse it where there are too many."""
        super().connection_made(transport)
        self.peer = peer_of(self.client, self.config.proxies)
        refusal = self._registry.add(self)
        if refusal is not None:
            self._respond(refusal)
            self._drain_and_close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and have the app know."""
        self._registry.remove(self)
        super().connection_lost(exc)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def review(self, now: float) -> None:
        """Close the connection where its client has been too slow."""
        if self._reads_too_slowly(now):
            self._give_up("write_timeout")
        if self.transport.is_closing():
            return
        seen = (self.phase, self.cycle)
        if seen != self._seen or self.flow.read_paused:
            self._seen, self._seen_at = seen, now
        waited = now - self._seen_at
        if self.phase is Phase.HEAD and self._shutting_down and waited >= _SHUTDOWN_SECONDS:
            self.transport.close()
        elif self.phase is Phase.HEAD and waited >= self._limits.timeout_head:
            self._end_slow_head()
        elif self.phase is Phase.BODY and waited >= self._limits.timeout_body:
            self._refuse(refusals.body_too_slow(self._limits.timeout_body))
        elif self.phase is Phase.DRAIN and waited >= self._limits.timeout_drain:
            self._give_up("drain_timeout")

    def shutdown(self) -> None:
        """Close the connection once nothing is under way. What a new connection was opened for is still answered."""
        self._shutting_down = True
        if self.cycle is not None or self._half_closed:
            super().shutdown()

    def _end_slow_head(self) -> None:
        if self._framing_bytes:
            self._refuse(refusals.head_too_slow(self._limits.timeout_head))
        else:  # browsers connect ahead of a request: a response would be taken for that of the next one
            self._registry.note("silent")
            self.transport.close()

    def _reads_too_slowly(self, now: float) -> bool:
        unsent = self.unsent_bytes
        if not unsent:
            self._stall = None
        elif self._stall is None:
            self._stall = (now, unsent)
        elif now - self._stall[0] >= self._limits.timeout_write:
            if self._stall[1] - unsent < self._limits.timeout_write * _SLOWEST_BYTES_PER_SECOND:
                return True
            self._stall = (now, unsent)
        return False

    def pause_writing(self) -> None:
        """Have the app wait for a slow reader."""
        super().pause_writing()
        self._registry.begin_waiting(self)

    def resume_writing(self) -> None:
        """Let the app go on: the client has read."""
        super().resume_writing()
        self._stall = None
        self._registry.end_waiting(self)

    # What makes room for others

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait for the client to read."""
        return self.transport.get_write_buffer_size()

    def stalled_since(self, now: float) -> float:
        """Return since when the client has not read enough of what waits for it."""
        return now if self._stall is None else self._stall[0]

    def waiting_since(self, now: float) -> float | None:
        """Return since when the client has had to do something; None while the server has."""
        phase = self.phase
        if phase is Phase.RESPONSE:
            return None if self._stall is None else self._stall[0]
        return self._seen_at if (phase, self.cycle) == self._seen else now

    def evict(self, refusal: RequestRefused) -> None:
        """Close the connection at once, with the refusal where the client has begun to send a request."""
        self._ignores_data = True
        if self.unsent_bytes:
            self.transport.abort()
            return
        if self._framing_bytes or self.phase is Phase.BODY:
            self._respond(refusal)
        self.transport.close()

"""The HTTP protocol of the server: limits on requests, on time, and on responses that a client does not read.

The registry reviews the timeouts of all connections once a second, so that they cost nothing in each request.
"""

import asyncio
import socket
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from server.http import refusals
from server.http.bounded_requests import BoundedRequests, Phase
from server.http.connection_registry import peer_of
from server.http.slow_reader import SlowReader
from server.responses.json_responses import RequestRefused
from server.runtime.connection_signals import begin_shutdown, ends_on_shutdown

_SHUTDOWN_SECONDS: Final = 1.0
"""How long a new connection may take to send its request during a shutdown."""


class BoundedProtocol(BoundedRequests):
    """A connection with all limits of its configuration."""

    peer: str | None = None
    _last_phase: tuple[Phase, RequestResponseCycle | None]
    _last_phase_at: float

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Register the connection, or refuse it if there are too many."""
        super().connection_made(transport)
        self._reader = SlowReader(self._limits.timeout_write)
        self._last_phase, self._last_phase_at = (Phase.HEAD, None), self.loop.time()
        self.peer = peer_of(self.client, self.config.proxies)
        refusal = self._registry.add(self)
        if refusal is not None:
            self._respond(refusal)
            self._drain_and_close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry, and tell the app."""
        self._registry.remove(self)
        super().connection_lost(exc)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.transport = self.transport  # nothing is sent any more, and no reference cycle remains
            self._running.message_event.set()

    def review(self, now: float) -> None:
        """Close the connection if its client has exceeded a timeout."""
        if self._reader.is_too_slow(now, self.unsent_bytes):
            self._abort_because("write_timeout")
        elif self._is_ended_stream() and self._reader.holds_up_shutdown(now):
            self._abort_because("shutdown")
        if self.transport.is_closing():
            return
        phase = (self.phase, self.cycle)
        if phase != self._last_phase or self.flow.read_paused:
            self._last_phase, self._last_phase_at = phase, now
        elapsed = now - self._last_phase_at
        if self.phase is Phase.RESPONSE and elapsed >= self._limits.timeout_write:
            self._detect_lost_peer()
        if self.phase is Phase.HEAD and self._shutting_down and elapsed >= _SHUTDOWN_SECONDS:
            self.transport.close()
        elif self.phase is Phase.HEAD and elapsed >= self._limits.timeout_head:
            self._end_slow_head()
        elif self.phase is Phase.BODY and elapsed >= self._limits.timeout_body:
            self._refuse(refusals.body_too_slow(self._limits.timeout_body))
        elif self.phase is Phase.DRAIN and elapsed >= self._limits.timeout_drain:
            self._abort_because("drain_timeout")

    def _is_ended_stream(self) -> bool:
        return (
            self._shutting_down
            and self._running is not None
            and ends_on_shutdown(cast("dict[str, Any]", self._running.scope))
        )

    def _detect_lost_peer(self) -> None:
        """Let the kernel close the connection if the client acknowledges nothing for as long as it may read nothing.

        By default that takes a quarter of an hour. A long response is a stream, with a heartbeat.
        """
        peer = self.transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT") and peer.family in {socket.AF_INET, socket.AF_INET6}:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._limits.timeout_write * 1_000)

    def shutdown(self) -> None:
        """Close the connection after the current request. A new connection may still send its first request."""
        self._shutting_down = True
        if self._running is not None:
            begin_shutdown(cast("dict[str, Any]", self._running.scope))
        if self.cycle is not None or self._half_closed:
            super().shutdown()

    def _end_slow_head(self) -> None:
        if self._framing_bytes:
            self._refuse(refusals.head_too_slow(self._limits.timeout_head))
        else:
            # Browsers open connections ahead of requests. They would take a response for that of the next request.
            self._registry.count_closed("silent")
            self.transport.close()

    def pause_writing(self) -> None:
        """Let the app wait for a slow reader."""
        super().pause_writing()
        self._registry.begin_stall(self)

    def resume_writing(self) -> None:
        """Let the app continue after the client has read."""
        super().resume_writing()
        self._reader.has_read()
        self._registry.end_stall(self)

    # The registry closes idle and stalled connections to make room for others

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait for the client to read them."""
        return self.transport.get_write_buffer_size()

    def stalled_since(self, now: float) -> float:
        """Return the time since which the client reads its responses too slowly, or `now` if it does not."""
        return now if self._reader.stalled_since is None else self._reader.stalled_since

    def idle_since(self, now: float) -> float | None:
        """Return the time since which the server waits for the client, or None if the client waits for the server."""
        phase = self.phase
        if phase is Phase.RESPONSE:
            return self._reader.stalled_since
        return self._last_phase_at if (phase, self.cycle) == self._last_phase else now

    def evict(self, refusal: RequestRefused) -> None:
        """Close the connection immediately. Send the refusal if the client has begun to send a request."""
        self._ignores_data = True
        if self.unsent_bytes:
            self.transport.abort()
            return
        if self._framing_bytes or self.phase is Phase.BODY:
            self._respond(refusal)
        self.transport.close()

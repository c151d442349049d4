"""The open connections of a server process: how many there may be, and which one is closed to make room.

If there are too many connections, a new one replaces the one whose client has been idle for the longest: a client that
has to send the rest of its request, or to read its response. Clients that only hold connections open therefore keep no
one else out. A connection is never closed for another while the server works on its request.
"""

import asyncio
import ipaddress
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, Protocol

from server.http.descriptors import max_connections
from server.http.limits import HttpLimits
from server.http.refusals import too_many_connections, too_many_connections_of_peer
from server.middleware.client_address import TrustedProxies, parse_address
from server.responses.json_responses import RequestRefused

_REVIEW_SECONDS: Final = 1.0
_log = logging.getLogger("group_sessions.connections")


class RegisteredConnection(Protocol):
    """A connection as the registry sees it."""

    @property
    def peer(self) -> str | None:
        """The peer that it counts for, or None if it counts for no peer."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait for the client to read them."""
        ...

    def idle_since(self, now: float) -> float | None:
        """Return the time since which the server waits for the client, or None if the client waits for the server."""
        ...

    def stalled_since(self, now: float) -> float:
        """Return the time since which the client reads its responses too slowly, or `now` if it does not."""
        ...

    def review(self, now: float) -> None:
        """Close the connection if its client has exceeded a timeout."""
        ...

    def evict(self, refusal: RequestRefused) -> None:
        """Close the connection immediately, and send the refusal if a response is possible."""
        ...

    def abort(self) -> None:
        """Close the connection without sending the bytes that wait."""
        ...


class ConnectionRegistry:
    """The open connections, limited in total and for each peer."""

    def __init__(self, limits: HttpLimits) -> None:
        self._max_connections = max_connections(limits.connections)
        if self._max_connections < limits.connections:
            fields = {"allowed": self._max_connections, "wanted": limits.connections}
            _log.warning("ulimit -n is too low for LIMIT_CONNECTIONS", extra={"fields": fields})
        self._limits = limits
        self._open: dict[RegisteredConnection, None] = {}
        self._by_peer: defaultdict[str, dict[RegisteredConnection, None]] = defaultdict(dict)
        self._unsent: dict[RegisteredConnection, None] = {}
        self._closed_by_reason: Counter[str] = Counter()
        self._next_review: asyncio.TimerHandle | None = None

    def add(self, connection: RegisteredConnection) -> RequestRefused | None:
        """Add a new connection, and make room for it.

        Returns:
            The refusal to send if the server works on a request of every other connection; None otherwise.
        """
        refusal = self._make_room(connection)
        self._open[connection] = None
        if connection.peer is not None:
            self._by_peer[connection.peer][connection] = None
        if self._next_review is None:
            self._schedule_review()
        return refusal

    def remove(self, connection: RegisteredConnection) -> None:
        """Remove a connection."""
        self._open.pop(connection, None)
        self._unsent.pop(connection, None)
        if connection.peer is not None and connection.peer in self._by_peer:
            self._by_peer[connection.peer].pop(connection, None)
            if not self._by_peer[connection.peer]:
                del self._by_peer[connection.peer]

    def count_closed(self, reason: str) -> None:
        """Count a connection that the server closes or refuses. The log shows how many there were for each reason."""
        self._closed_by_reason[reason] += 1

    def begin_stall(self, connection: RegisteredConnection) -> None:
        """Note that a client reads its response more slowly than it is sent, and limit the unsent bytes of all."""
        self._unsent[connection] = None
        now = asyncio.get_running_loop().time()
        while sum(stalled.unsent_bytes for stalled in self._unsent) > self._limits.unsent_bytes:
            slowest = min(self._unsent, key=lambda stalled: (stalled.stalled_since(now), -stalled.unsent_bytes))
            self.count_closed("unsent_bytes")
            self.remove(slowest)
            slowest.abort()

    def end_stall(self, connection: RegisteredConnection) -> None:
        """Note that a client has read nearly all bytes that were sent."""
        self._unsent.pop(connection, None)

    def _make_room(self, connection: RegisteredConnection) -> RequestRefused | None:
        of_peer = self._by_peer.get(connection.peer, {}) if connection.peer is not None else {}
        if len(of_peer) >= self._limits.connections_per_peer:
            refusal = too_many_connections_of_peer(self._limits.connections_per_peer)
            if not self._evict_one(of_peer, refusal):
                return refusal
        if len(self._open) >= self._max_connections:
            refusal = too_many_connections()
            if not self._evict_one(self._open, refusal):
                return refusal
        return None

    def _evict_one(self, connections: Iterable[RegisteredConnection], refusal: RequestRefused) -> bool:
        now = asyncio.get_running_loop().time()
        idle = [(since, connection) for connection in connections if (since := connection.idle_since(now)) is not None]
        self.count_closed(refusal.reason)
        if not idle:
            return False
        _, longest_idle = min(idle, key=lambda pair: pair[0])
        self.remove(longest_idle)
        longest_idle.evict(refusal)
        return True

    def _schedule_review(self) -> None:
        self._next_review = asyncio.get_running_loop().call_later(_REVIEW_SECONDS, self._review)

    def _review(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self._open):
            connection.review(now)
        if self._closed_by_reason:
            fields = {"closed": dict(self._closed_by_reason)}
            _log.warning("connections were closed or refused", extra={"fields": fields})
            self._closed_by_reason.clear()
        self._next_review = None
        if self._open:
            self._schedule_review()


def peer_of(client: tuple[str, int] | None, proxies: TrustedProxies) -> str | None:
    """Return the peer that a client's connections count for: an IPv4 address, or an IPv6 network of 64 bits.

    A single host usually controls 64 bits of an IPv6 address. Connections of trusted proxies count for no peer, since
    they carry the requests of many clients.
    """
    address = parse_address(client[0]) if client else None
    if address is None or proxies.trusts(address):
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))

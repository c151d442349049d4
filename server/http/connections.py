"""The open connections of a server process: how many there may be, and which are closed to make room for others.

A connection whose client has to do something next, such as sending the rest of its request, is closed for a new one
when there are too many: the one that has waited for the longest. So clients that only hold connections open keep
nobody out. A connection whose request is being answered is never closed for another.
"""

import asyncio
import ipaddress
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, Protocol

from server.http.descriptors import connections_allowed
from server.http.limits import HttpLimits
from server.http.refusals import too_many_connections, too_many_connections_of_peer
from server.middleware.client_address import TrustedProxies, parse_address
from server.responses.json_responses import RequestRefused

_REVIEW_SECONDS: Final = 1.0
_log = logging.getLogger("group_sessions.connections")


class Connection(Protocol):
    """What the registry needs of a connection."""

    @property
    def peer(self) -> str | None:
        """Whom it counts for; None where it counts for nobody."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """How many bytes wait for the client to read."""
        ...

    def waiting_since(self, now: float) -> float | None:
        """Return since when the client has had to do something; None while the server has."""
        ...

    def stalled_since(self, now: float) -> float:
        """Return since when the client has not read enough of what waits for it."""
        ...

    def review(self, now: float) -> None:
        """Close it where it has been too slow."""
        ...

    def evict(self, refusal: RequestRefused) -> None:
        """Close it at once, with the refusal where a response is possible."""
        ...

    def abort(self) -> None:
        """Close it without sending what waits."""
        ...


class Connections:
    """The open connections, within the limits of all and of each peer."""

    def __init__(self, limits: HttpLimits) -> None:
        self._allowed = connections_allowed(limits.connections)
        if self._allowed < limits.connections:
            fields = {"allowed": self._allowed, "wanted": limits.connections}
            _log.warning("ulimit -n is too low for LIMIT_CONNECTIONS", extra={"fields": fields})
        self._limits = limits
        self._open: dict[Connection, None] = {}
        self._by_peer: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._unsent: dict[Connection, None] = {}
        self._closed: Counter[str] = Counter()
        self._next_review: asyncio.TimerHandle | None = None

    def add(self, connection: Connection) -> RequestRefused | None:
        """Take a new connection in, and make room for it.

        Returns:
            The refusal to send, where every other connection is busy with a request; None otherwise.
        """
        refusal = self._make_room(connection)
        self._open[connection] = None
        if connection.peer is not None:
            self._by_peer[connection.peer][connection] = None
        if self._next_review is None:
            self._schedule_review()
        return refusal

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)
        self._unsent.pop(connection, None)
        if connection.peer is not None and connection.peer in self._by_peer:
            self._by_peer[connection.peer].pop(connection, None)
            if not self._by_peer[connection.peer]:
                del self._by_peer[connection.peer]

    def note(self, reason: str) -> None:
        """Count a connection that is closed against its client's will; the log says how many there were, and why."""
        self._closed[reason] += 1

    def begin_waiting(self, connection: Connection) -> None:
        """Note that the client does not read its response as fast as it is sent, and bound what waits for all."""
        self._unsent[connection] = None
        now = asyncio.get_running_loop().time()
        while sum(each.unsent_bytes for each in self._unsent) > self._limits.unsent_bytes:
            stalled = min(self._unsent, key=lambda each: (each.stalled_since(now), -each.unsent_bytes))
            self.note("unsent_bytes")
            self.remove(stalled)
            stalled.abort()

    def end_waiting(self, connection: Connection) -> None:
        """Note that the client has read nearly all of what was sent."""
        self._unsent.pop(connection, None)

    def _make_room(self, connection: Connection) -> RequestRefused | None:
        of_peer = self._by_peer.get(connection.peer, {}) if connection.peer is not None else {}
        if len(of_peer) >= self._limits.connections_per_peer:
            refusal = too_many_connections_of_peer(self._limits.connections_per_peer)
            if not self._evict_one(of_peer, refusal):
                return refusal
        if len(self._open) >= self._allowed:
            refusal = too_many_connections()
            if not self._evict_one(self._open, refusal):
                return refusal
        return None

    def _evict_one(self, connections: Iterable[Connection], refusal: RequestRefused) -> bool:
        now = asyncio.get_running_loop().time()
        waiting = [(since, each) for each in connections if (since := each.waiting_since(now)) is not None]
        self.note(refusal.reason)
        if not waiting:
            return False
        _, longest = min(waiting, key=lambda pair: pair[0])
        self.remove(longest)
        longest.evict(refusal)
        return True

    def _schedule_review(self) -> None:
        self._next_review = asyncio.get_running_loop().call_later(_REVIEW_SECONDS, self._review)

    def _review(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self._open):
            connection.review(now)
        if self._closed:
            _log.warning("connections were closed or refused", extra={"fields": {"closed": dict(self._closed)}})
            self._closed.clear()
        self._next_review = None
        if self._open:
            self._schedule_review()


def peer_of(client: tuple[str, int] | None, proxies: TrustedProxies) -> str | None:
    """Return whom a client's address counts for: an IPv4 address, or an IPv6 network of 64 bits, as hosts get them.

    A trusted proxy's connections count for nobody, since they are of all its clients together.
    """
    address = parse_address(client[0]) if client else None
    if address is None or proxies.trusts(address):
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))

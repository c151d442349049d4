"""The bounds of HTTP connections, which hold for everybody, signed in or not."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The bounds of connections, for each server process.

    Attributes:
        head_bytes: The longest head of a request, and the longest stretch of chunk headers or trailers in its body.
        header_lines: The most header lines of a request.
        connections: The most open connections.
        connections_per_peer: The most of them from one address.
        unsent_bytes: The most bytes of responses that wait for slow readers, of all connections together.
        drain_bytes: The most bytes of a request that are read and discarded after its response.
        timeout_head: Seconds until a head must be complete.
        timeout_body: Seconds until a body must be complete, from the end of the head.
        timeout_write: Seconds in which a client must read some of the response that waits for it.
        timeout_drain: Seconds for which the rest of a request is read and discarded after its response.
        timeout_keep_alive: Seconds for which a connection may be idle between two requests.
    """

    head_bytes: int = 32_768
    header_lines: int = 100
    connections: int = 1_000
    connections_per_peer: int = 200
    unsent_bytes: int = 100_000_000
    drain_bytes: int = 100_000_000
    timeout_head: int = 10
    timeout_body: int = 30
    timeout_write: int = 30
    timeout_drain: int = 30
    timeout_keep_alive: int = 5


DEFAULT_HTTP_LIMITS: Final = HttpLimits()

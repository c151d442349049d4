"""The limits of HTTP connections. They apply to every client, signed in or not."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The limits of connections in one server process.

    Attributes:
        head_bytes: The maximum length of a request line with headers, and of chunk headers or trailers in a body.
        header_lines: The maximum number of header lines in a request.
        connections: The maximum number of open connections.
        connections_per_peer: The maximum number of open connections from one address.
        unsent_bytes: The maximum number of bytes that wait for slow readers, for all connections together.
        drain_bytes: The maximum number of bytes of a request that are read and discarded after its response.
        timeout_head: The seconds in which a client must send the request line and headers.
        timeout_body: The seconds in which a client must send the request body after the headers.
        timeout_write: The seconds in which a client must read some of the response that waits for it.
        timeout_drain: The seconds in which the rest of a request is read and discarded after its response.
        timeout_keep_alive: The seconds for which a connection may be idle between two requests.
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

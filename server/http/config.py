"""The configuration of uvicorn: its protocol is ours, with bounds."""

from typing import Any

import uvicorn

from server.http.connections import Connections
from server.http.limits import HttpLimits
from server.http.protocol import BoundedProtocol
from server.middleware.client_address import TrustedProxies


class ServerConfig(uvicorn.Config):
    """A uvicorn configuration whose connections are bounded.

    Attributes:
        http_limits: The bounds.
        proxies: Whose connections are not bounded by the limit of each peer.
        open_connections: The connections of this process, once it serves.
    """

    open_connections: Connections

    def __init__(self, app: str, http_limits: HttpLimits, proxies: TrustedProxies, **options: Any) -> None:
        """Take the app, the bounds and the trusted proxies, and whatever uvicorn takes."""
        self.http_limits = http_limits
        self.proxies = proxies
        super().__init__(
            app,
            http=BoundedProtocol,
            ws="none",  # a connection that another protocol takes over would be bounded by nothing
            timeout_keep_alive=http_limits.timeout_keep_alive,
            **options,
        )

    def load(self) -> None:
        """Load the app, which configures logging, and begin to count connections."""
        super().load()
        self.open_connections = Connections(self.http_limits)

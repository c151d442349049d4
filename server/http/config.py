"""The configuration of uvicorn with the protocol of this package."""

from typing import Any

import uvicorn

from server.http.connection_registry import ConnectionRegistry
from server.http.limits import HttpLimits
from server.http.protocol import BoundedProtocol
from server.middleware.client_address import TrustedProxies


class ServerConfig(uvicorn.Config):
    """A uvicorn configuration with limits on connections.

    Attributes:
        http_limits: The limits.
        proxies: The proxies to which the limit for each peer does not apply.
        connections: The connections of this process. It is set when the process starts to serve.
    """

    connections: ConnectionRegistry

    def __init__(self, app: str, http_limits: HttpLimits, proxies: TrustedProxies, **options: Any) -> None:
        """Take the import string of the app, the limits, the trusted proxies, and other options of uvicorn."""
        self.http_limits = http_limits
        self.proxies = proxies
        super().__init__(
            app,
            http=BoundedProtocol,
            ws="none",  # no limit applies to a connection after an upgrade to another protocol
            timeout_keep_alive=http_limits.timeout_keep_alive,
            **options,
        )

    def load(self) -> None:
        """Load the app, which configures logging, and create the registry, which may log a warning."""
        super().load()
        self.connections = ConnectionRegistry(self.http_limits)

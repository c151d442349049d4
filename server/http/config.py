"""The configuration of uvicorn with the protocol of this package."""

from typing import Any

import uvicorn

from server.http.connection_registry import ConnectionRegistry
from server.http.limits import HttpLimits
from server.http.protocol import BoundedProtocol
from server.http.websocket import BoundedWebSocket
from server.middleware.client_address import TrustedProxies


class ServerConfig(uvicorn.Config):
    """A uvicorn configuration with limits on connections.

    Attributes:
        http_limits: The limits.
        proxies: The proxies to which the limit for each peer does not apply.
        connections: The connections of this process. It is set when the process starts to serve.
    """

    connections: ConnectionRegistry

    def __init__(
        self, app: str, http_limits: HttpLimits, proxies: TrustedProxies, *, max_message_bytes: int, **options: Any
    ) -> None:
        """Take the configuration.

        Args:
            app: The import string of the app.
            http_limits: The limits.
            proxies: The trusted proxies.
            max_message_bytes: The maximum length of a message on a WebSocket.
            options: Other options of uvicorn.
        """
        self.http_limits = http_limits
        self.proxies = proxies
        super().__init__(
            app,
            http=BoundedProtocol,
            ws=BoundedWebSocket,
            ws_max_size=max_message_bytes,
            ws_per_message_deflate=False,  # it would take some 50 kB of memory for each connection
            timeout_keep_alive=http_limits.timeout_keep_alive,
            **options,
        )

    def load(self) -> None:
        """Load the app, which configures logging, and create the registry, which may log a warning."""
        super().load()
        self.connections = ConnectionRegistry(self.http_limits)

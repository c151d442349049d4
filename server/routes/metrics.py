"""GET /metrics, for Prometheus. It needs METRICS_TOKEN, and does not exist without that setting."""

import asyncio
import hmac
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from db.connections.engine import Database
from server.metrics.database_state import database_state
from server.metrics.metrics import Metrics


class MetricsRoute:
    """Responds with the metrics of all worker processes, and with those of the database."""

    def __init__(self, metrics: Metrics, token: str, engine: Database, sinks: Collection[str]) -> None:
        """Serve metrics.

        Args:
            metrics: The metrics of this process.
            token: The token that requests need.
            engine: The database.
            sinks: The receivers of events whose state is reported.
        """
        self._metrics = metrics
        self._authorization = f"Bearer {token}".encode()
        self._engine = engine
        self._sinks = sinks

    @property
    def route(self) -> Route:
        """The route."""
        return Route("/metrics", self._respond)

    async def _respond(self, request: Request) -> Response:
        authorization = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(authorization, self._authorization):
            headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
            return PlainTextResponse("The Authorization header must be `Bearer` and METRICS_TOKEN.", 401, headers)
        present = await database_state(self._engine, self._sinks)
        self._metrics.flush()
        text, content_type = await asyncio.to_thread(self._metrics.exposition, request.headers.get("accept"), present)
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

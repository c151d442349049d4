"""GET /health responds while the process runs, GET /ready while it can serve requests. Neither needs a token."""

import asyncio
import logging
import math
import time
from typing import Final

import orjson
from sqlalchemy.engine import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from db.connections.engine import Database
from db.connections.faults import Busy, classify_fault
from db.connections.read_pool import ConfinedReadPool
from db.migrations.catalog import find_missing
from db.migrations.schema_version import REVISIONS, UnreadableSchema, is_older, revision_of
from server.runtime.ready_database import INCOMPLETE_CATALOG, OLD_SCHEMA, describe_missing

READY_SECONDS: Final = 2.0
"""How long the database may take to respond."""
CATALOG_CHECK_SECONDS: Final = 60.0
"""How long the result of a successful catalog check is reused."""
_log = logging.getLogger("group_sessions.faults")


def health_routes(engine: Database) -> list[BaseRoute]:
    """Return the routes /health and /ready."""
    return [Route("/health", _health), Route("/ready", Readiness(engine).respond)]


class Readiness:
    """Checks that the database responds, and has the schema and the catalog that this program needs."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._check: asyncio.Task[str | None] | None = None
        self._catalog_valid_until = -math.inf

    async def respond(self, _request: Request) -> Response:
        """Respond with status 200, or with 503 and a reason that reveals nothing about the database."""
        # Requests need no token, so that anyone can send many of them. All that arrive together share one check.
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._reason_not_ready())
        reason = await asyncio.shield(self._check)
        if reason is None:
            return _json({"status": "ready"}, 200)
        return _json({"status": "not ready", "reason": reason}, 503)

    async def _reason_not_ready(self) -> str | None:
        try:
            reason = await self._query_database()
        except Exception as fault:  # with any exception the server is not ready
            _log.warning("not ready", exc_info=fault)
            kind = classify_fault(fault)
            return "the database cannot be used" if kind is None else kind.reason
        return reason or self._recent_write_refusal()

    async def _query_database(self) -> str | None:
        connected = False
        try:
            async with asyncio.timeout(READY_SECONDS), self._engine.connect() as connection:
                connected = True
                return await connection.run_sync(self._check_schema)
        except TimeoutError:
            if connected:
                raise
        # Either all connections of the pool are in use, or the database does not respond. A connection outside of the
        # pool shows which.
        if isinstance(self._engine.read_pool, ConfinedReadPool):
            async with asyncio.timeout(READY_SECONDS), self._engine.read_pool.engine.connect():
                pass
        raise Busy

    def _recent_write_refusal(self) -> str | None:
        # With a full disk the database can still read, so that only writes reveal it.
        refusal = self._engine.write_refusals.recent()
        if refusal is None:
            return None
        _log.warning("not ready", extra={"fields": {"cause": refusal.word}})
        return refusal.reason

    def _check_schema(self, connection: Connection) -> str | None:
        try:
            revision = revision_of(connection)
        except UnreadableSchema:
            return INCOMPLETE_CATALOG
        if is_older(revision):
            return OLD_SCHEMA
        if revision not in REVISIONS:  # a newer release may have another catalog
            return None
        # The check takes milliseconds, and catalogs hardly ever change.
        if time.monotonic() >= self._catalog_valid_until:
            missing = find_missing(connection)
            if missing:
                _log.error(describe_missing(missing))
                return INCOMPLETE_CATALOG
            self._catalog_valid_until = time.monotonic() + CATALOG_CHECK_SECONDS
        return None


async def _health(_request: Request) -> Response:
    return _json({"status": "ok"}, 200)


def _json(body: dict[str, str], status: int) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")

"""GET /health tells whether the process answers, GET /ready whether it can do its work. Neither needs a sign-in."""

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
from server.runtime.ready_database import INCOMPLETE_CATALOG, OLD_SCHEMA, not_whole

READY_SECONDS: Final = 2.0
"""How long the database may take to tell that it is there."""
WHOLE_SECONDS: Final = 60.0
"""How long a catalog that was found whole is not looked at again."""
_log = logging.getLogger("group_sessions.faults")


def health_routes(engine: Database) -> list[BaseRoute]:
    """Return the routes of both."""
    return [Route("/health", _health), Route("/ready", Readiness(engine).answer)]


class Readiness:
    """Whether the database can be reached and has the schema and the catalog that this program needs."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._look: asyncio.Task[str | None] | None = None
        self._whole_until = -math.inf

    async def answer(self, _request: Request) -> Response:
        """Answer 200, or 503 with a reason that tells nothing of the database itself."""
        # However many ask at once, and strangers may, the database is asked once.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._reason())
        reason = await asyncio.shield(self._look)
        if reason is None:
            return _json({"status": "ready"}, 200)
        return _json({"status": "not ready", "reason": reason}, 503)

    async def _reason(self) -> str | None:
        try:
            lacking = await self._ask()
        except Exception as fault:  # whatever it is, the answer is no
            _log.warning("not ready", exc_info=fault)
            kind = classify_fault(fault)
            return "the database cannot be used" if kind is None else kind.reason
        return lacking or self._refused_change()

    async def _ask(self) -> str | None:
        connected = False
        try:
            async with asyncio.timeout(READY_SECONDS), self._engine.connect() as connection:
                connected = True
                return await connection.run_sync(self._what_is_missing)
        except TimeoutError:
            if connected:
                raise
        # Either every connection is in use, or the database is silent: a connection beside the pool tells which.
        if isinstance(self._engine.read_pool, ConfinedReadPool):
            async with asyncio.timeout(READY_SECONDS), self._engine.read_pool.engine.connect():
                pass
        raise Busy

    def _refused_change(self) -> str | None:
        # Reading goes on where the disk is full, so only changes show it.
        refusal = self._engine.write_refusals.recent()
        if refusal is None:
            return None
        _log.warning("not ready", extra={"fields": {"cause": refusal.word}})
        return refusal.reason

    def _what_is_missing(self, connection: Connection) -> str | None:
        try:
            revision = revision_of(connection)
        except UnreadableSchema:
            return INCOMPLETE_CATALOG
        if is_older(revision):
            return OLD_SCHEMA
        if revision not in REVISIONS:  # a newer release may have another catalog
            return None
        # This look takes milliseconds, and a catalog hardly ever changes: what was whole is believed for a while.
        if time.monotonic() >= self._whole_until:
            lacking = find_missing(connection)
            if lacking:
                _log.error(not_whole(lacking))
                return INCOMPLETE_CATALOG
            self._whole_until = time.monotonic() + WHOLE_SECONDS
        return None


async def _health(_request: Request) -> Response:
    return _json({"status": "ok"}, 200)


def _json(body: dict[str, str], status: int) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")

"""GET /health tells whether the process answers, GET /ready whether it can do its work. Neither needs a sign-in."""

import asyncio
import logging
from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from db.faults import Trouble, trouble_of
from db.schema_version import schema_is_older

READY_SECONDS: Final = 2.0
"""How long the database may take to tell that it is there."""
_log = logging.getLogger("group_sessions.faults")


def health_routes(engine: AsyncEngine) -> list[BaseRoute]:
    """Gives the routes of both."""
    return [Route("/health", _health), Route("/ready", Readiness(engine).answer)]


class Readiness:
    """Whether the database can be reached and has the schema that this program needs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._look: asyncio.Task[str | None] | None = None

    async def answer(self, _request: Request) -> Response:
        """Answers 200, or 503 with a reason that tells nothing of the database itself."""
        # However many ask at once, and strangers may, the database is asked once.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._reason())
        reason = await asyncio.shield(self._look)
        if reason is None:
            return _json({"status": "ready"}, 200)
        return _json({"status": "not ready", "reason": reason}, 503)

    async def _reason(self) -> str | None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                older = await schema_is_older(self._engine)
        except TimeoutError:
            return "the database does not answer in time"
        except Exception as fault:  # whatever it is, the answer is no
            _log.warning("not ready", exc_info=fault)
            if trouble_of(fault) is Trouble.BUSY:
                return "the database is busy"
            return "the database cannot be used"
        return "the database does not have the newest schema: run `group-sessions migrate`" if older else None


async def _health(_request: Request) -> Response:
    return _json({"status": "ok"}, 200)


def _json(body: dict[str, str], status: int) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, "application/json")

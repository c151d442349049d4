"""GET /calendars/{token}.ics: the sessions of a calendar feed, without patients.

The token in the address is all that a request needs, because calendar programs cannot sign in. Requests that cannot be
answered look alike: a token that was never issued, and one that was rotated or deleted.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from db.queries.calendar_feeds import FeedSession, find_feed, sessions_of_feed
from db.transactions.snapshots import snapshot
from domain.wall_time import local_date
from resolvers.commands.calendar_feeds import TOKEN_PREFIX
from resolvers.context import Clinic
from resolvers.secret_tokens import SecretToken
from server.responses.json_responses import fault_response
from server.responses.request_record import record_of
from server.runtime.rate_limit import RateLimit

if TYPE_CHECKING:
    from server.runtime.rate_limit_store import RateLimitStore

DAYS_BACK: Final = timedelta(days=30)
DAYS_AHEAD: Final = timedelta(days=365)
RATE: Final = "60/hour"
"""How often one feed is read, and how often one address may send tokens that are unknown."""
_PATH: Final = "/calendars/"
_EXTENSION: Final = ".ics"
_MEDIA_TYPE: Final = "text/calendar; charset=utf-8"


class CalendarFeeds:
    """Responds to the requests of calendar programs."""

    def __init__(self, clinic: Clinic, rate_limit_store: "RateLimitStore | None" = None) -> None:
        self._clinic = clinic
        self._rate_limit_store = rate_limit_store
        # Anyone can send made-up tokens. Together they take one connection of the database.
        self._one_at_a_time = asyncio.Lock()

    @cached_property
    def _rate_limit(self) -> RateLimit:
        # Not at the start: its library takes memory, which a clinic without feeds saves.
        return RateLimit(RATE, self._rate_limit_store, "calendars")

    async def respond(self, request: Request) -> Response:
        """Respond with the file, or with 304, 404 or 429."""
        record = record_of(request.scope)
        count = record.start_counting()
        try:
            return await self._respond(request, record.client_address)
        except Exception as fault:
            return fault_response(fault, record)
        finally:
            record.statements, record.statement_seconds = count.statements, count.seconds

    async def _respond(self, request: Request, client_address: str | None) -> Response:
        token = SecretToken.parse(TOKEN_PREFIX, request.path_params["token"])
        if token is None:
            return await self._unknown(client_address)
        today = local_date(self._clinic.clock(), self._clinic.default_time_zone)
        async with self._one_at_a_time, snapshot(self._clinic.engine, token.organization_id) as opened:
            feed = await find_feed(opened, token.digest)
            if feed is None:
                return await self._unknown(client_address)
            refusal = await self._too_often(f"feed {feed.id}")
            if refusal is not None:
                return refusal
            sessions = await sessions_of_feed(opened, feed, today - DAYS_BACK, today + DAYS_AHEAD)
        headers = {"ETag": _etag(sessions), "Cache-Control": "private, no-cache"}
        if _known_etags(request) & {headers["ETag"], "*"}:
            return Response(status_code=304, headers=headers)
        from server.calendars.icalendar_file import icalendar_file  # takes memory, which a clinic without feeds saves

        # In a thread, because a file of thousands of sessions takes a second.
        body = await asyncio.to_thread(icalendar_file, sessions)
        return Response(body, headers={**headers, "Content-Type": _MEDIA_TYPE})

    async def _unknown(self, client_address: str | None) -> Response:
        return await self._too_often(f"address {client_address}") or _text("There is no calendar here.", 404, {})

    async def _too_often(self, key: str) -> Response | None:
        """Count a request of a feed or an address. Return 429 if there were too many."""
        seconds = await self._rate_limit.seconds_to_wait(key)
        if seconds is None:
            return None
        return _text("Too many requests. Try again later.", 429, {"Retry-After": str(seconds)})


def _etag(sessions: Sequence[FeedSession]) -> str:
    return f'"{hashlib.sha256(orjson.dumps(sessions, default=str)).hexdigest()[:32]}"'


def _known_etags(request: Request) -> set[str]:
    texts = ",".join(request.headers.getlist("If-None-Match")).split(",")
    return {text.strip().removeprefix("W/") for text in texts}


def _text(text: str, status: int, headers: dict[str, str]) -> Response:
    return PlainTextResponse(text, status, {"Cache-Control": "no-store", **headers})

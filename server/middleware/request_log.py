"""One log line a request, its request id, and the headers of every answer, around the whole app."""

import logging
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.middleware.client_address import TrustedProxies
from server.middleware.request_id import HEADER, request_id
from server.middleware.security_headers import secured
from server.responses.errors import masked_error
from server.responses.headers import header
from server.responses.retry_after import retry_headers

_log = logging.getLogger("group_sessions.requests")
_HEADER: Final = HEADER.lower().encode()
_KEY: Final = "group_sessions.record"
# Other paths are whatever a client made up.
_PATHS: Final = frozenset({"graphql", "graphiql", "events", "health", "ready"})


@dataclass(slots=True)
class RequestRecord:
    """What the log tells of one request. Never variables, literals or names of patients."""

    request_id: str
    client_address: str | None = None
    operation_name: str | None = None
    caller_id: str | None = None
    organization_id: str | None = None
    statements: int = 0
    fallbacks: int = 0
    outcome: str | None = None
    refusal: str | None = None


def record_of(scope: MutableMapping[str, Any]) -> RequestRecord:
    """Return the record of the request that is being answered."""
    record = scope[_KEY]
    assert isinstance(record, RequestRecord)  # noqa: S101 - RequestLog puts it there, and wraps every route
    return record


class RequestLog:
    """Gives every request its id and its log line, and every answer the headers that all have.

    It answers faults that nothing else caught.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies | None = None) -> None:
        self._app = app
        self._proxies = proxies or TrustedProxies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        record = RequestRecord(request_id(header(scope, _HEADER)), self._proxies.resolve(scope))
        scope[_KEY] = record
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = secured(message.get("headers", ()), scope)
                message["headers"].append((_HEADER, record.request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as fault:
            told = masked_error(fault, record.request_id)
            record.outcome = told["extensions"]["code"]
            if status is None:
                retry = retry_headers([told])
                body = orjson.dumps({"errors": [told]})
                answer = Response(body, 503 if retry else 500, retry, media_type="application/json")
                await answer(scope, receive, send_with_headers)
        finally:
            _write(record, scope, status, time.perf_counter() - started)


def _write(record: RequestRecord, scope: Scope, status: int | None, seconds: float) -> None:
    first = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
    fields = {
        "request_id": record.request_id,
        "client_address": record.client_address,
        "method": scope["method"] if scope["method"] in {"GET", "POST", "HEAD", "OPTIONS"} else "OTHER",
        "path": f"/{first}" if first in _PATHS or not first else "OTHER",
        "operation_name": record.operation_name,
        "caller_id": record.caller_id,
        "organization_id": record.organization_id,
        "duration_ms": round(seconds * 1000, 1),
        "statements": record.statements,
        "fallbacks": record.fallbacks,
        "status": status,
        "outcome": record.outcome or ("ok" if status is not None and status < 400 else "refused"),
        "refusal": record.refusal,
    }
    _log.info("request", extra={"fields": fields})

"""The request log: one line for each request, the request id, and the headers that every response has."""

import logging
import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.middleware.client_address import TrustedProxies
from server.middleware.request_id import HEADER, request_id
from server.middleware.security_headers import with_security_headers
from server.responses.headers import header
from server.responses.json_responses import fault_response
from server.responses.request_record import RequestRecord, set_record
from server.responses.request_trace import RequestTrace
from server.responses.screens import SCREENS

_log = logging.getLogger("group_sessions.requests")
_HEADER: Final = HEADER.lower().encode()
# A client can make up other paths and methods, and put anything into them.
_LOGGED_PATHS: Final = frozenset(
    {"graphql", "graphiql", "admin", "calendars", "events", "export", "health", "metrics", "ready", *SCREENS}
)
_LOGGED_METHODS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS"})
_INTERNAL_ERROR: Final = 1011
"""The close code of a WebSocket whose app has failed."""

StartTrace = Callable[[Scope], RequestTrace]
Observe = Callable[[str, str, float, RequestRecord], None]
"""Receives the operation of a request that has ended, its outcome and its seconds."""


class RequestLog:
    """The outermost middleware. It also responds if an exception was caught nowhere else."""

    def __init__(
        self,
        app: ASGIApp,
        proxies: TrustedProxies | None = None,
        observe: Observe | None = None,
        start_trace: StartTrace | None = None,
    ) -> None:
        self._app = app
        self._observe = observe
        self._start_trace = start_trace
        self._proxies = proxies or TrustedProxies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request through the app, and log it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        record = RequestRecord(request_id(header(scope, _HEADER)), self._proxies.resolve(scope))
        set_record(scope, record)
        if self._start_trace is not None:
            record.trace = self._start_trace(scope)
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_security_headers(message.get("headers", ()), scope)
                message["headers"].append((_HEADER, record.request_id.encode()))
            elif message["type"] == "websocket.accept":
                status = 101
                message["headers"] = [*message.get("headers", ()), (_HEADER, record.request_id.encode())]
            elif message["type"] == "websocket.close" and status is None:
                status = 403
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as fault:
            response = fault_response(fault, record)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR})
            elif status is None:
                await response(scope, receive, send_with_headers)
        finally:
            self._end(record, scope, status, time.perf_counter() - started)

    def _end(self, record: RequestRecord, scope: Scope, status: int | None, seconds: float) -> None:
        method, path = _method(scope), _path(scope)
        outcome = record.outcome or ("ok" if status is not None and status < 400 else "refused")
        operation = record.operation or f"{method} {path}"
        if self._observe is not None:
            self._observe(operation, outcome, seconds, record)
        if record.trace is not None:
            record.trace.end(method, path, operation, outcome, status)
        _write(record, method, path, status, outcome, seconds)


def _write(record: RequestRecord, method: str, path: str, status: int | None, outcome: str, seconds: float) -> None:
    fields = {
        "request_id": record.request_id,
        "client_address": record.client_address,
        "method": method,
        "path": path,
        "operation_name": record.operation_name,
        "caller_id": record.caller_id,
        "organization_id": record.organization_id,
        "duration_ms": round(seconds * 1000, 1),
        "statements": record.statements,
        "fallbacks": record.fallbacks,
        "status": status,
        "outcome": outcome,
        "refusal": record.refusal,
    }
    if record.trace is not None:
        fields["trace_id"] = record.trace.trace_id
    _log.info("request", extra={"fields": fields})


def _path(scope: Scope) -> str:
    root = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
    return f"/{root}" if root in _LOGGED_PATHS or not root else "OTHER"


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    return str(scope["method"]) if scope["method"] in _LOGGED_METHODS else "OTHER"

"""GET /export/{name}, as CSV or NDJSON."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.types import Receive, Scope, Send

from db.connections.engine import QUEUE_SECONDS
from db.sql.exports.statements import ExportFormat
from resolvers.context import Clinic, Context
from resolvers.errors import BadInput, PermissionDenied
from resolvers.exports.request import ExportRequest, permitted
from resolvers.exports.running import opened_export
from server.auth.rate_check import check_rate
from server.exports.parameters import MEDIA_TYPES, read_export_request
from server.exports.sign_in import ExportSignIn
from server.exports.streaming import Disconnected, ExportResponse, while_connected
from server.middleware.compression import accepts_gzip
from server.responses.errors import ErrorCode, masked_error
from server.responses.headers import header, joined_header
from server.responses.json_responses import RequestRefused, fault_response, refusal_response
from server.responses.request_record import RequestRecord, record_of
from server.runtime.rate_limit import RateLimit

MAX_CONCURRENT: Final = 2
"""How many exports a process runs at once. Each holds a connection of the database for as long as its client reads."""
_BUSY_SECONDS: Final = 30
"""When to try again if all of them run."""


class ExportEndpoint:
    """The ASGI app of /export/{name}. It streams one export in each request, from one snapshot."""

    def __init__(self, clinic: Clinic, sign_in: ExportSignIn, rate_limit: RateLimit | None = None) -> None:
        self._clinic = clinic
        self._sign_in = sign_in
        self._rate_limit = rate_limit
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        record = record_of(scope)
        count = record.start_counting()
        response: ExportResponse | None = None
        try:
            context, request = await self._admit(scope, record)
            response = ExportResponse(send, _headers(request), gzip=accepts_gzip(header(scope, b"accept-encoding")))
            if scope["method"] == "HEAD":
                # It discloses nothing, so it has no row in the access log.
                await response.send_headers()
                return
            async with self._slot():
                await while_connected(receive, lambda: _run(context, request, response))
        except Disconnected:
            record.outcome = "DISCONNECTED"
        except Exception as fault:
            await self._fail(fault, response, record, scope, receive, send)
        finally:
            record.statements, record.statement_seconds = count.statements, count.seconds

    async def _admit(self, scope: Scope, record: RequestRecord) -> tuple[Context, ExportRequest]:
        """Return the context and what is requested, once the caller is known and may read it."""
        # The order matters: a client without a valid token learns nothing else.
        caller = await self._sign_in.authenticate(joined_header(scope, b"authorization"))
        record.caller_id, record.organization_id = caller.subject, caller.organization_id
        if self._rate_limit is not None:
            await check_rate(self._rate_limit, caller)
        if scope["method"] not in {"GET", "HEAD"}:
            raise RequestRefused(405, ErrorCode.BAD_REQUEST, "Use GET.", headers={"Allow": "GET, HEAD"})
        request = read_export_request(scope, header(scope, b"accept"))
        record.operation_name = request.operation
        if request.format is ExportFormat.CSV and scope["http_version"] == "1.0":
            raise RequestRefused(505, ErrorCode.BAD_REQUEST, _OLD_HTTP)
        context = Context(self._clinic, caller, record.request_id, record.client_address)
        return context, permitted(request, caller)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            message = f"Other exports are running. Try again in {_BUSY_SECONDS} seconds."
            raise RequestRefused(503, ErrorCode.BUSY, message, headers={"Retry-After": str(_BUSY_SECONDS)}) from None
        try:
            yield
        finally:
            self._slots.release()

    @staticmethod
    async def _fail(
        fault: Exception,
        started: ExportResponse | None,
        record: RequestRecord,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if started is not None and started.started:
            # The status is sent already. The server closes the connection before the end of the body, so that every
            # client sees that the transfer has failed.
            masked_error(fault, record.request_id)
            record.outcome = "INTERRUPTED"
            return
        refusal = _refusal(fault)
        response = fault_response(fault, record) if refusal is None else refusal_response(refusal, record)
        await response(scope, receive, send)


_OLD_HTTP: Final = (
    "A CSV export needs HTTP/1.1, which shows whether it is complete. In nginx, set `proxy_http_version 1.1`."
    " NDJSON works with HTTP/1.0."
)


async def _run(context: Context, request: ExportRequest, response: ExportResponse) -> None:
    try:
        async with opened_export(context, request) as export:
            await export.write_to(response.write)
    finally:
        await context.end()
    await response.end()


def _headers(request: ExportRequest) -> list[tuple[bytes, bytes]]:
    name = f"{request.export.name}.{request.format}"
    return [
        (b"content-type", f"{MEDIA_TYPES[request.format]}; charset=utf-8".encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"cache-control", b"no-store"),
    ]


def _refusal(fault: Exception) -> RequestRefused | None:
    """Return the refusal of a request, for errors of its author."""
    if isinstance(fault, RequestRefused):
        return fault
    if isinstance(fault, PermissionDenied):
        return RequestRefused(403, ErrorCode.FORBIDDEN, str(fault), requiredPermission=fault.key.value)
    if isinstance(fault, BadInput):
        return RequestRefused(400, ErrorCode.BAD_USER_INPUT, str(fault), argument=fault.path[0])
    return None

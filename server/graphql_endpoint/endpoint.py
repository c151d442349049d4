"""POST and GET /graphql, by the GraphQL over HTTP specification."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any

from graphql import ExecutionResult, OperationType
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from db.connections.statement_count import StatementCount
from resolvers.context import Clinic, Context
from schema.admission.documents import Documents
from schema.execute import execute, graphql_schema
from server.auth.authenticator import Authenticator
from server.auth.rate_check import check_rate
from server.graphql_endpoint.event_stream import EventStream, single_event
from server.graphql_endpoint.idempotency import execute_once
from server.graphql_endpoint.large_responses import LargeResponseLimit
from server.graphql_endpoint.operation import (
    ALLOWED_OPERATIONS,
    PreparedOperation,
    prepare_operation,
    refused_document_status,
)
from server.graphql_endpoint.persisted_queries import resolve_persisted_query
from server.graphql_endpoint.request import GraphQLRefused, GraphQLRequest, read_request
from server.graphql_endpoint.subscriptions import Subscriptions
from server.graphql_endpoint.websocket import SocketServices
from server.responses.errors import ErrorCode, errors_of_execution
from server.responses.headers import header, joined_header
from server.responses.json_responses import (
    RequestRefused,
    fault_response,
    is_outage,
    json_response,
    refusal_response,
    retry_headers,
)
from server.responses.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    accepts_event_stream,
    response_media_type,
)
from server.responses.request_record import RequestRecord, record_of
from server.runtime.rate_limit import RateLimit
from server.settings.request_limits import DEFAULT_REQUEST_LIMITS, RequestLimits
from server.settings.stream_limits import DEFAULT_STREAM_LIMITS, StreamLimits


class GraphQLEndpoint:
    """The ASGI app of /graphql. It authenticates the caller, and executes one operation in each request."""

    def __init__(
        self,
        schema: Schema,
        clinic: Clinic,
        authenticator: Authenticator,
        limits: RequestLimits = DEFAULT_REQUEST_LIMITS,
        stream_limits: StreamLimits = DEFAULT_STREAM_LIMITS,
        rate_limit: RateLimit | None = None,
    ) -> None:
        self._schema = schema
        self._documents = Documents(graphql_schema(schema), limits.document)
        self._persisted_queries = limits.persisted_queries
        self._body_bytes = limits.body_bytes
        self._rate_limit = rate_limit
        self._large_responses = LargeResponseLimit()
        self._clinic = clinic
        self._authenticator = authenticator
        self._subscriptions = Subscriptions(schema, clinic, stream_limits)

    @property
    def services(self) -> SocketServices:
        """What WebSockets share with this endpoint: its limits count for both."""
        return SocketServices(self._schema, self._documents, self._authenticator, self._subscriptions, self._rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        media_type = response_media_type(_accept(scope))
        record = record_of(scope)
        count = record.start_counting()
        try:
            response = await self._respond(scope, receive, media_type, record)
        except RequestRefused as refusal:
            if media_type is None and isinstance(refusal, GraphQLRefused) and accepts_event_stream(_accept(scope)):
                response = single_event(refusal.body, record)  # as GraphQL over SSE requires
            else:
                response = refusal_response(refusal, record, _content_type(media_type or JSON))
        except ClientDisconnect:
            record.outcome = "DISCONNECTED"
            return
        except Exception as fault:  # RequestLog would catch it too, but outside of CORS: pages could not read the error
            response = fault_response(fault, record, _content_type(media_type or JSON))
        record.statements, record.statement_seconds = count.statements, count.seconds
        response.raw_headers.append((b"server-timing", _server_timing(count)))
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, media_type: str | None, record: RequestRecord) -> Response:
        # The order matters: a client without a valid token learns nothing else, and its body is not read.
        caller = await self._authenticator.authenticate(joined_header(scope, b"authorization"))
        record.caller_id, record.organization_id = caller.subject, caller.organization_id
        if self._rate_limit is not None:
            await check_rate(self._rate_limit, caller)
        _check_request_head(scope, media_type)
        request = await read_request(scope, receive, self._body_bytes)
        context = Context(self._clinic, caller, record.request_id, record.client_address)
        try:
            return await self._respond_with_context(scope, request, context, media_type, record)
        finally:
            await context.end()

    async def _respond_with_context(
        self, scope: Scope, request: GraphQLRequest, context: Context, accepted: str | None, record: RequestRecord
    ) -> Response:
        media_type = accepted or GRAPHQL_RESPONSE  # a client that accepts only streams gets the precise status codes
        request = resolve_persisted_query(request, self._documents, media_type, enabled=self._persisted_queries)
        organization_id = context.caller.organization_id
        prepared = await prepare_operation(self._documents, request, scope["method"], media_type, organization_id)
        record.operation_name = context.disclosures.operation = prepared.operation.name_for_logs
        record.operation = prepared.operation.label

        def run() -> Awaitable[Response]:
            return self._execute(prepared, request.variables, context, media_type, record)

        operation = prepared.operation.node.operation
        if operation is OperationType.SUBSCRIPTION:
            return await self._open_stream(scope, prepared, request.variables, record)
        if accepted is None:
            raise _not_acceptable()
        if operation is OperationType.MUTATION:
            return await execute_once(Headers(scope=scope), request, context, run)
        return await run()

    async def _open_stream(
        self, scope: Scope, prepared: PreparedOperation, variables: dict[str, Any] | None, record: RequestRecord
    ) -> Response:
        if not accepts_event_stream(_accept(scope)):
            message = f"Subscriptions are streams. The Accept header must contain {EVENT_STREAM}."
            raise RequestRefused(406, ErrorCode.BAD_REQUEST, message)
        token = await self._authenticator.verify(joined_header(scope, b"authorization"))
        async with AsyncExitStack() as closing:
            subscription = await closing.enter_async_context(
                self._subscriptions.open(prepared, variables, token.caller, record)
            )
            if subscription.refusal is None:
                limits = self._subscriptions.limits
                return EventStream(subscription, closing.pop_all(), token.valid_until, limits, record)
            errors = subscription.refusal["errors"]
            if is_outage(None, errors):  # clients try again after a status, and not after an event
                return json_response(subscription.refusal, 503, record, headers=retry_headers(errors))
            return single_event(subscription.refusal, record)

    async def _execute(
        self,
        prepared: PreparedOperation,
        variables: dict[str, Any] | None,
        context: Context,
        media_type: str,
        record: RequestRecord,
    ) -> Response:
        async with self._large_responses.slot(prepared.cost):
            try:
                result = await execute(self._schema, prepared.document, prepared.operation, variables, context)
            finally:
                record.fallbacks = context.fallbacks
            if context.disclosures.are_recorded:
                return _result_response(result, prepared, context, media_type, record)
            # The response is encoded while the database stores the access row. It is sent after that.
            storing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            recording = asyncio.create_task(context.record_disclosures(storing))
            try:
                await asyncio.wait((recording, storing), return_when=asyncio.FIRST_COMPLETED)
                return _result_response(result, prepared, context, media_type, record)
            finally:
                await recording


def _result_response(
    result: ExecutionResult, prepared: PreparedOperation, context: Context, media_type: str, record: RequestRecord
) -> Response:
    content_type = _content_type(media_type)
    if not result.errors:
        return json_response({"data": result.data, "extensions": prepared.extensions}, 200, record, content_type)
    errors = errors_of_execution(result.errors, record.request_id, changed=context.changed)
    body = {"errors": errors, "extensions": prepared.extensions}
    # Without data and without a path nothing was executed, because a variable is invalid.
    if result.data is None and not any("path" in error for error in errors):
        return json_response(body, refused_document_status(media_type), record, content_type)
    if is_outage(result.data, errors):
        return json_response(body, 503, record, content_type, retry_headers(errors))
    return json_response({"data": result.data, **body}, 200, record, content_type, retry_headers(errors))


def _check_request_head(scope: Scope, media_type: str | None) -> None:
    if scope["method"] not in ALLOWED_OPERATIONS:
        message, headers = "Use POST, or GET for queries.", {"Allow": ", ".join(ALLOWED_OPERATIONS)}
        raise RequestRefused(405, ErrorCode.BAD_REQUEST, message, headers=headers)
    if media_type is None and not accepts_event_stream(_accept(scope)):
        raise _not_acceptable()


def _not_acceptable() -> RequestRefused:
    message = f"The Accept header must allow {GRAPHQL_RESPONSE} or {JSON}."
    return RequestRefused(406, ErrorCode.BAD_REQUEST, message)


def _accept(scope: Scope) -> str | None:
    return header(scope, b"accept")


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8"


def _server_timing(count: StatementCount) -> bytes:
    return b'db;dur=%.1f;desc="%d"' % (count.seconds * 1000, count.statements)

"""POST and GET /graphql, by the GraphQL over HTTP specification."""

from collections.abc import Awaitable
from typing import Any

import orjson
from graphql import ExecutionResult, OperationType
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from db.connections.statement_count import StatementCount, start_counting
from resolvers.caller import Caller
from resolvers.context import Clinic, Context
from schema.admission.documents import Documents
from schema.admission.limit_checks import LimitExceeded
from schema.execute import execute, graphql_schema
from server.auth.authenticator import Authenticator
from server.auth.refusals import KeysUnavailable, RefusalReason, Unauthenticated
from server.graphql_endpoint.chosen_operation import ALLOWED, ChosenOperation, NotExecuted, choose_operation
from server.graphql_endpoint.idempotency import IdempotencyRefusal, once
from server.graphql_endpoint.large_answers import LargeAnswers
from server.graphql_endpoint.request import BadRequest, GraphQLRequest, read_request
from server.middleware.request_log import RequestRecord, record_of
from server.responses.errors import ErrorCode, error, errors_before_execution, errors_of_execution, masked_error
from server.responses.headers import header, joined_header
from server.responses.negotiation import GRAPHQL_RESPONSE, JSON, response_media_type
from server.responses.retry_after import is_outage, retry_headers
from server.runtime.rate_limit import RateLimit
from server.settings.request_limits import DEFAULT_EDGE, Edge


class GraphQLOverHTTP:
    """The ASGI app of the one endpoint: who asks, what they ask, the answer in the media type they take."""

    def __init__(self, schema: Schema, clinic: Clinic, authenticator: Authenticator, edge: Edge = DEFAULT_EDGE) -> None:
        self._schema = schema
        self._documents = Documents(graphql_schema(schema), edge.limits)
        self._body_bytes = edge.body_bytes
        self._rate_limit = RateLimit(edge.rate_limit) if edge.rate_limit else None
        self._large_answers = LargeAnswers()
        self._clinic = clinic
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        media_type = response_media_type(header(scope, b"accept"))
        record = record_of(scope)
        count = start_counting()
        try:
            response = await self._answer(scope, receive, media_type, record)
        except ClientDisconnect:
            record.outcome = "DISCONNECTED"
            return
        record.statements = count.statements
        response.raw_headers.append((b"server-timing", _server_timing(count)))
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, media_type: str | None, record: RequestRecord) -> Response:
        try:
            caller = await self._authenticator.authenticate(joined_header(scope, b"authorization"))
        except Unauthenticated as refused:
            record.refusal = refused.reason
            body = {"errors": [error(refused.message, ErrorCode.UNAUTHENTICATED)]}
            return _response(body, 401, media_type, record, {"WWW-Authenticate": refused.challenge})
        except KeysUnavailable as fault:
            record.refusal = RefusalReason.PROVIDER_UNAVAILABLE
            body = {"errors": [error(str(fault), ErrorCode.UNAVAILABLE)]}
            return _response(body, 503, media_type, record, {"Retry-After": "10"})
        record.caller_id, record.organization_id = caller.subject, caller.organization_id
        seconds = self._rate_limit.seconds_to_wait(caller) if self._rate_limit else None
        if seconds is not None:
            told = error(f"You have asked too often; ask again in {seconds} seconds.", ErrorCode.RATE_LIMITED)
            return _response({"errors": [told]}, 429, media_type, record, {"Retry-After": str(seconds)})
        return await self._answer_caller(scope, receive, caller, media_type, record)

    async def _answer_caller(
        self, scope: Scope, receive: Receive, caller: Caller, media_type: str | None, record: RequestRecord
    ) -> Response:
        try:
            accepted = _accepted(scope["method"], media_type)
            asked = await read_request(scope, receive, self._body_bytes)
        except BadRequest as refused:
            told = error(refused.message, ErrorCode.BAD_REQUEST)
            return _response({"errors": [told]}, refused.status, media_type, record, refused.headers)
        except LimitExceeded as refused:
            # Nobody will read the rest of the body.
            answer = {"errors": errors_before_execution([refused])}
            return _response(answer, 413, media_type, record, {"Connection": "close"})
        context = Context(self._clinic, caller, record.request_id, record.client_address)
        try:
            return await self._execute(scope, asked, context, accepted, record)
        except IdempotencyRefusal as refused:
            told = error(refused.message, refused.code)
            return _response({"errors": [told]}, refused.status, media_type, record, refused.headers)
        except Exception as fault:  # here and not around the app: pages of other origins may read the answer too
            told = masked_error(fault, record.request_id)
            status = 503 if retry_headers([told]) else 500
            return _response({"errors": [told]}, status, media_type, record, retry_headers([told]))
        finally:
            await context.end()

    async def _execute(
        self, scope: Scope, asked: GraphQLRequest, context: Context, media_type: str, record: RequestRecord
    ) -> Response:
        chosen = await choose_operation(self._documents, asked, scope["method"])
        if isinstance(chosen, NotExecuted):
            status = chosen.status or _refused_status(media_type)
            return _response(chosen.answer, status, media_type, record, chosen.headers)
        record.operation_name = context.disclosures.operation = chosen.operation.name_for_logs

        def run() -> Awaitable[Response]:
            return self._run(chosen, asked.variables, context, media_type, record)

        if chosen.operation.node.operation is OperationType.MUTATION:
            return await once(Headers(scope=scope), asked, context, run)
        return await run()

    async def _run(
        self,
        chosen: ChosenOperation,
        variables: dict[str, Any] | None,
        context: Context,
        media_type: str,
        record: RequestRecord,
    ) -> Response:
        async with self._large_answers.turn(chosen.cost):
            try:
                result = await execute(self._schema, chosen.document, chosen.operation, variables, context)
            finally:
                record.fallbacks = context.fallbacks
            await context.record_disclosures()
            return _told(result, chosen, context, media_type, record)


def _told(
    result: ExecutionResult, chosen: ChosenOperation, context: Context, media_type: str, record: RequestRecord
) -> Response:
    if not result.errors:
        return _response({"data": result.data, "extensions": chosen.extensions}, 200, media_type, record)
    errors = errors_of_execution(result.errors, record.request_id, changed=context.changed)
    told = {"errors": errors, "extensions": chosen.extensions}
    # Without a path and without data nothing was executed: the variables are wrong.
    if result.data is None and not any("path" in each for each in errors):
        return _response(told, _refused_status(media_type), media_type, record)
    if is_outage(result.data, errors):
        return _response(told, 503, media_type, record, retry_headers(errors))
    return _response({"data": result.data, **told}, 200, media_type, record, retry_headers(errors))


def _accepted(method: str, media_type: str | None) -> str:
    if method not in ALLOWED:
        raise BadRequest(405, "Use POST, or GET for queries.", {"Allow": ", ".join(ALLOWED)})
    if media_type is None:
        raise BadRequest(406, f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.")
    return media_type


def _refused_status(media_type: str) -> int:
    # What is wrong with the document was a success of HTTP to clients that take application/json alone.
    return 400 if media_type == GRAPHQL_RESPONSE else 200


def _response(
    body: dict[str, Any],
    status: int,
    media_type: str | None,
    record: RequestRecord,
    headers: dict[str, str] | None = None,
) -> Response:
    codes = dict.fromkeys(each["extensions"]["code"] for each in body.get("errors", ()))
    record.outcome = ",".join(codes) or "ok"
    # Answers hold patients' data, and depend on who asks.
    told = {"content-type": f"{media_type or JSON}; charset=utf-8", "cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, told)


def _server_timing(count: StatementCount) -> bytes:
    return b'db;dur=%.1f;desc="%d"' % (count.seconds * 1000, count.statements)

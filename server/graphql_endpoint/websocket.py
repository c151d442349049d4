"""WebSockets at /graphql: the subprotocol graphql-transport-ws, by Strawberry's handler.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. A client signs in with the `Authorization` in the
payload of `connection_init`, because browsers send no such header with a WebSocket. Each subscription passes the same
checks as a request over HTTP.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from graphql import OperationType
from starlette.types import Receive, Scope, Send
from strawberry import Schema
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message
from strawberry.types.unset import UNSET, UnsetType

from schema.admission.documents import Documents
from server.auth.authenticator import Authenticator
from server.auth.rate_check import check_rate
from server.auth.refusals import KeysUnavailable, Unauthenticated
from server.auth.token_cache import CachedToken
from server.graphql_endpoint.message_socket import (
    ABNORMAL_CLOSURE,
    FORBIDDEN,
    INTERNAL_ERROR,
    NOT_ACCEPTABLE,
    TRY_AGAIN_LATER,
    MessageSocket,
)
from server.graphql_endpoint.messages import is_well_formed
from server.graphql_endpoint.operation import prepare_operation
from server.graphql_endpoint.request import GraphQLRequest
from server.graphql_endpoint.stream_slots import seconds_until
from server.graphql_endpoint.subscriptions import StreamEnd, Subscriptions
from server.responses.errors import ErrorCode, masked_error
from server.responses.headers import header, joined_header
from server.responses.json_responses import RequestRefused
from server.responses.negotiation import GRAPHQL_RESPONSE
from server.responses.request_record import RequestRecord, record_of
from server.runtime.connection_signals import set_in_use
from server.runtime.rate_limit import RateLimit

_CLOSE_CODES: Final = {
    StreamEnd.TOKEN_EXPIRED: FORBIDDEN,
    StreamEnd.SLOW_READER: TRY_AGAIN_LATER,
    StreamEnd.UNAVAILABLE: TRY_AGAIN_LATER,
    StreamEnd.INTERNAL_SERVER_ERROR: INTERNAL_ERROR,
}


@dataclass(frozen=True, slots=True)
class SocketServices:
    """What all WebSockets share."""

    schema: Schema
    documents: Documents
    authenticator: Authenticator
    subscriptions: Subscriptions
    rate_limit: RateLimit | None


class GraphQLWebSocket:
    """The ASGI app of WebSockets at /graphql."""

    def __init__(self, services: SocketServices, allowed_origins: Collection[str]) -> None:
        self._services = services
        self._allowed_origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        record = record_of(scope)
        await receive()  # websocket.connect
        if not self._allows(header(scope, b"origin"), header(scope, b"host")):
            record.refusal = "origin"
            await send({"type": "websocket.close"})  # 403
            return
        offered = scope["subprotocols"]
        accepted = GRAPHQL_TRANSPORT_WS_PROTOCOL if GRAPHQL_TRANSPORT_WS_PROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": accepted})
        socket = MessageSocket(receive, send, self._services.subscriptions.limits)
        if accepted is None:
            await socket.close(NOT_ACCEPTABLE, f"The subprotocol must be {GRAPHQL_TRANSPORT_WS_PROTOCOL}.")
        else:
            await _Connection(self._services, socket, scope, record).handle()
        # Without a code, the connection was closed below the app while the app sent a message.
        record.outcome = str(socket.code or ABNORMAL_CLOSURE)

    def _allows(self, origin: str | None, host: str | None) -> bool:
        """Return whether a page of the origin may connect. Programs send no origin."""
        return origin is None or origin in self._allowed_origins or origin.partition("://")[2] == host


@dataclass
class _InitPayload:
    """What Strawberry's handler sets to the payload of `connection_init`."""

    connection_params: dict[str, object] | None = None


class _Connection(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection. Strawberry's handler knows the protocol; this class signs in, and runs operations."""

    def __init__(self, services: SocketServices, socket: MessageSocket, scope: Scope, record: RequestRecord) -> None:
        super().__init__(
            view=cast("Any", self),  # of the view, the handler only uses `on_ws_connect`
            websocket=socket,
            context=_InitPayload(),
            root_value=None,
            schema=services.schema,
            connection_init_wait_timeout=timedelta(seconds=services.subscriptions.limits.connection_init),
        )
        self._services = services
        self._socket = socket
        self._scope = scope
        self._record = record
        self._token: CachedToken | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def shutdown(self) -> None:
        """End all operations."""
        if self._expiry is not None:
            self._expiry.cancel()
        await super().shutdown()
        if self._closing is not None:
            await self._closing

    async def handle_message(self, message: Message) -> None:
        """Handle a message. Close the connection if it is not one of the protocol."""
        try:
            if is_well_formed(message):
                await super().handle_message(message)
            else:
                await self.handle_invalid_message("The message is not one of graphql-transport-ws.")
        except TimeoutError:
            self._end(StreamEnd.SLOW_READER)
        set_in_use(self._scope, bool(self.operations))

    async def on_ws_connect(self, context: _InitPayload) -> UnsetType:
        """Sign in. Close the connection if the token is not valid."""
        params = context.connection_params or {}
        parameter = params.get("Authorization", params.get("authorization"))
        authorization = parameter if isinstance(parameter, str) else joined_header(self._scope, b"authorization")
        try:
            token = await self._services.authenticator.verify(authorization)
        except (Unauthenticated, KeysUnavailable) as refusal:
            self._record.refusal = refusal.reason
            code = FORBIDDEN if isinstance(refusal, Unauthenticated) else TRY_AGAIN_LATER
            await self._socket.close(code, refusal.message)
            raise WebSocketDisconnected from None
        self._token = token
        self._record.caller_id, self._record.organization_id = token.caller.subject, token.caller.organization_id
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(seconds_until(token.valid_until), self._end, StreamEnd.TOKEN_EXPIRED)
        return cast("UnsetType", UNSET)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Run an operation until it ends, or the client ends it."""
        try:
            end = await self._run(operation)
        except WebSocketDisconnected:
            return
        except TimeoutError:
            end = StreamEnd.SLOW_READER
        finally:
            if self.operations.get(operation.id) is operation:  # the client may use the id again
                del self.operations[operation.id]
            set_in_use(self._scope, bool(self.operations))
        if end is not StreamEnd.COMPLETE:
            self._end(end)

    def forget_id(self, id: str) -> None:
        """Let the client use the id of an operation again. The client itself may have ended the operation meanwhile."""
        self.operations.pop(id, None)

    async def _run(self, operation: Operation[Any, None]) -> StreamEnd:
        try:
            return await self._subscribe(operation)
        except RequestRefused as refusal:
            await self._send_errors(operation, refusal.body["errors"])
        except (WebSocketDisconnected, TimeoutError):
            raise
        except Exception as fault:
            await self._send_errors(operation, [masked_error(fault, self._record.request_id)])
        return StreamEnd.COMPLETE

    async def _subscribe(self, operation: Operation[Any, None]) -> StreamEnd:
        services = self._services
        assert self._token is not None  # noqa: S101 - the handler accepts operations only after `on_ws_connect`
        caller = self._token.caller
        if services.rate_limit is not None:
            await check_rate(services.rate_limit, caller)
        request = GraphQLRequest(operation.query, operation.variables, operation.operation_name)
        prepared = await prepare_operation(
            services.documents, request, "POST", GRAPHQL_RESPONSE, caller.organization_id
        )
        if prepared.operation.node.operation is not OperationType.SUBSCRIPTION:
            message = "A WebSocket carries subscriptions only. Send queries and mutations by POST."
            raise RequestRefused(406, ErrorCode.BAD_REQUEST, message)
        async with services.subscriptions.open(prepared, request.variables, caller, self._record) as subscription:
            if subscription.refusal is not None:
                await self._send_errors(operation, subscription.refusal["errors"])
                return StreamEnd.COMPLETE

            async def send(body: dict[str, Any]) -> None:
                await operation.send_operation_message(
                    {"id": operation.id, "type": "next", "payload": cast("Any", body)}
                )

            end = await subscription.send_all(send)
        if end is StreamEnd.COMPLETE:
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        return end

    @staticmethod
    async def _send_errors(operation: Operation[Any, None], errors: list[dict[str, Any]]) -> None:
        message = {"id": operation.id, "type": "error", "payload": errors}
        await operation.send_operation_message(cast("Message", message))

    def _end(self, reason: StreamEnd) -> None:
        """Close the connection for a reason other than a message."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._socket.close(_CLOSE_CODES[reason], reason.message))

"""Subscriptions: started, and read one response after another. SSE and WebSocket only transport them."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from graphql import ExecutionResult
from strawberry import Schema

from db.connections.faults import classify_fault
from resolvers.caller import Caller
from resolvers.context import Clinic, Context
from resolvers.errors import StreamInterrupted
from schema.execute import subscribe
from server.graphql_endpoint.operation import PreparedOperation
from server.graphql_endpoint.stream_slots import StreamSlots
from server.responses.errors import errors_of_execution
from server.responses.request_record import RequestRecord
from server.settings.stream_limits import StreamLimits

_log = logging.getLogger("group_sessions.faults")


class StreamEnd(StrEnum):
    """Why a stream has ended, as `outcome` in the log and in what the client is sent."""

    COMPLETE = "COMPLETE"
    DISCONNECTED = "DISCONNECTED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a reason, not a password
    SERVER_RESTART = "SERVER_RESTART"
    SLOW_READER = "SLOW_READER"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"

    @property
    def message(self) -> str:
        """A sentence for the client."""
        return _MESSAGES[self]


_RESUME: Final = "Subscribe again after the last change that you have."
_MESSAGES: Final = {
    StreamEnd.COMPLETE: "The stream is complete.",
    StreamEnd.DISCONNECTED: "The client has disconnected.",
    StreamEnd.TOKEN_EXPIRED: "The token has expired. Sign in again.",
    StreamEnd.SERVER_RESTART: f"The server restarts. {_RESUME}",
    StreamEnd.SLOW_READER: f"You read more slowly than changes happen. {_RESUME}",
    StreamEnd.UNAVAILABLE: f"The database is unavailable. {_RESUME}",
    StreamEnd.INTERNAL_SERVER_ERROR: f"An unexpected error occurred. {_RESUME}",
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """An open subscription.

    Attributes:
        request_id: The id of its request.
        results: The results, or the result with the errors if it could not start.
    """

    request_id: str
    results: AsyncIterator[ExecutionResult] | ExecutionResult

    @property
    def refusal(self) -> dict[str, Any] | None:
        """The response with the errors if the subscription could not start, or None."""
        return self._body(self.results) if isinstance(self.results, ExecutionResult) else None

    async def send_all(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> StreamEnd:
        """Send the response of each change, and return why there are no more. Log faults."""
        assert not isinstance(self.results, ExecutionResult)  # noqa: S101 - for mypy: callers check `refusal`
        while True:
            try:
                result = await anext(self.results)
            except StopAsyncIteration:
                return StreamEnd.COMPLETE
            except StreamInterrupted:
                return StreamEnd.UNAVAILABLE
            except Exception as fault:
                return self._end_of(fault)
            await send(self._body(result))

    def _body(self, result: ExecutionResult) -> dict[str, Any]:
        if not result.errors:
            return {"data": result.data}
        return {"errors": errors_of_execution(result.errors, self.request_id), "data": result.data}

    def _end_of(self, fault: Exception) -> StreamEnd:
        fields = {"request_id": self.request_id}
        if classify_fault(fault) is not None:
            _log.warning("a stream ends because the database is unavailable", exc_info=fault, extra={"fields": fields})
            return StreamEnd.UNAVAILABLE
        _log.error("unexpected error", exc_info=fault, extra={"fields": fields})
        return StreamEnd.INTERNAL_SERVER_ERROR


class Subscriptions:
    """Opens the subscriptions of a server process."""

    def __init__(self, schema: Schema, clinic: Clinic, limits: StreamLimits) -> None:
        self.limits = limits
        self._schema = schema
        self._clinic = clinic
        self._slots = StreamSlots(limits)

    def count(self) -> int:
        """Return the number of open streams."""
        return self._slots.count()

    @asynccontextmanager
    async def open(
        self, prepared: PreparedOperation, variables: dict[str, Any] | None, caller: Caller, record: RequestRecord
    ) -> AsyncIterator[Subscription]:
        """Run a subscription during the block.

        Raises:
            RequestRefused: There are too many streams.
        """
        with self._slots.slot(caller):
            context = Context(self._clinic, caller, record.request_id, record.client_address)
            context.disclosures.operation = prepared.operation.name_for_logs
            try:
                results = await subscribe(self._schema, prepared.document, prepared.operation, variables, context)
                try:
                    yield Subscription(record.request_id, results)
                finally:
                    if isinstance(results, AsyncGenerator):
                        await results.aclose()
            finally:
                await context.end()

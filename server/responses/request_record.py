"""What the request log records of a request. Endpoints fill it in while they respond."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from db.connections.statement_count import StatementCount, start_counting
from server.responses.request_trace import RequestTrace

_KEY: Final = "group_sessions.record"


@dataclass(slots=True)
class RequestRecord:
    """The fields of a line in the request log. They never hold variables, literals or names of patients.

    Attributes:
        operation_name: The name of the GraphQL operation, which the client chose, or of the export.
        trace: The trace of the request, if it is traced.
        operation: The kind and the first root field of the GraphQL operation. Unlike names, they are few.
    """

    request_id: str
    client_address: str | None = None
    operation_name: str | None = None
    operation: str | None = None
    trace: RequestTrace | None = None
    caller_id: str | None = None
    organization_id: str | None = None
    statements: int = 0
    statement_seconds: float = 0.0
    fallbacks: int = 0
    outcome: str | None = None
    refusal: str | None = None

    def start_counting(self) -> StatementCount:
        """Return the count of the statements that the calling task sends from now on. They belong to the trace, too."""
        return start_counting(None if self.trace is None else self.trace.record_statement)


def set_record(scope: MutableMapping[str, Any], record: RequestRecord) -> None:
    """Attach the record to its request."""
    scope[_KEY] = record


def record_of(scope: MutableMapping[str, Any]) -> RequestRecord:
    """Return the record of a request."""
    record = scope[_KEY]
    assert isinstance(record, RequestRecord)  # noqa: S101 - RequestLog wraps every route and sets it
    return record

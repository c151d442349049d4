"""The trace of one request, as the request log and the database see it. `server.tracing` implements it."""

from typing import Protocol


class RequestTrace(Protocol):
    """Records a request and its statements.

    Attributes:
        trace_id: The id of the trace, for the log.
    """

    trace_id: str

    def record_statement(self, text: str, seconds: float) -> None:
        """Record a statement that has just ended."""

    def end(self, method: str, path: str, operation: str, outcome: str, status: int | None) -> None:
        """Record the end of the request. All values must be of few kinds, as labels of metrics are."""

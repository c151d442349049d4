"""The metrics of a server process: updated with every request, and written out for Prometheus."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from db.connections.meter import LockPlace, Meter
from server.metrics.declarations import Declarations
from server.metrics.worker_files import folder_in_use
from server.responses.errors import ErrorCode
from server.responses.request_record import RequestRecord

_OUTCOMES: Final = frozenset(
    {
        *("ok", "refused", "DISCONNECTED", "INTERRUPTED"),
        *("COMPLETE", "TOKEN_EXPIRED", "SERVER_RESTART", "SLOW_READER"),
        *map(str, ErrorCode),
    }
)
_GRAVEST_FIRST: Final = (ErrorCode.INTERNAL_SERVER_ERROR, ErrorCode.UNAVAILABLE, ErrorCode.BUSY)
_STREAMS: Final = ("subscription", "WEBSOCKET")
"""How the labels of operations begin whose duration is that of a stream, which says nothing about speed."""


class _Tally:
    """What an operation has used since the last flush.

    Adding to it takes a fraction of the time that a metric takes, which in several workers writes to a file.
    """

    __slots__ = ("operation", "outcomes", "seconds", "statement_seconds", "statements", "streams")

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.streams = operation.startswith(_STREAMS)
        self.seconds: list[float] = []
        self.outcomes: dict[str, int] = {}
        self.statements = 0
        self.statement_seconds = 0.0

    def flush(self, metrics: Declarations) -> None:
        """Add everything to the metrics, and start again from zero."""
        outcomes, self.outcomes = self.outcomes, {}
        for outcome, count in outcomes.items():
            metrics.requests.labels(self.operation, outcome).inc(count)
        if not self.streams:
            durations = metrics.request_seconds.labels(self.operation)
            for seconds in self.seconds:
                durations.observe(seconds)
        self.seconds = []
        metrics.statements.labels(self.operation).inc(self.statements)
        metrics.statement_seconds.labels(self.operation).inc(self.statement_seconds)
        self.statements, self.statement_seconds = 0, 0.0


class Metrics:
    """What this process measures.

    Attributes:
        declared: The metrics.
    """

    def __init__(self) -> None:
        """Start to measure: in the files of this worker, or else in memory."""
        self._registry = CollectorRegistry()
        self.declared = Declarations(self._registry)
        self.declared.workers.set(1)
        self._tallies: dict[str, _Tally] = {}
        self._used: set[_Tally] = set()

    def request_ended(self, operation: str, outcome: str, seconds: float, record: RequestRecord) -> None:
        """Count a request. `operation` must be one of few (see `server.metrics.declarations`)."""
        tally = self._tallies.get(operation)
        if tally is None:
            tally = self._tallies[operation] = _Tally(operation)
        self._used.add(tally)
        if outcome not in _OUTCOMES:
            outcome = _bounded(outcome)
        tally.outcomes[outcome] = tally.outcomes.get(outcome, 0) + 1
        tally.statements += record.statements
        tally.statement_seconds += record.statement_seconds
        tally.seconds.append(seconds)

    def flush(self) -> None:
        """Add what requests have used to the metrics. It runs twice a second, and before the metrics are read."""
        used, self._used = self._used, set()
        for tally in used:
            tally.flush(self.declared)

    def count_attempt(self, sink: str, outcome: str) -> None:
        """Count an attempt of the relay to deliver an event."""
        self.declared.deliveries.labels(sink, outcome).inc()

    def exposition(self, accept: str | None, present: Iterable[Metric]) -> tuple[bytes, str]:
        """Return the metrics of all workers as text, and its content type.

        It takes milliseconds. Call it in a thread, after `flush`.

        Args:
            accept: The request's Accept header.
            present: Further metrics, which were read just now.
        """
        registry = CollectorRegistry()
        registry.register(_Collected([*self._own(), *present]))
        encode, content_type = choose_encoder(accept or "")
        return encode(registry), content_type

    def _own(self) -> Iterable[Metric]:
        folder = folder_in_use()
        return self._registry.collect() if folder is None else MultiProcessCollector(None, str(folder)).collect()


class DatabaseMeter(Meter):
    """Receives the measurements of `db`."""

    def __init__(self, metrics: Metrics) -> None:
        self._retries = metrics.declared.retries
        self._lock_waits = {place: metrics.declared.lock_seconds.labels(str(place)) for place in LockPlace}

    def retried(self, cause: str) -> None:
        """Count a retry."""
        self._retries.labels(cause).inc()

    def waited_for_lock(self, place: LockPlace, seconds: float) -> None:
        """Measure a wait."""
        self._lock_waits[place].observe(seconds)


class _Collected:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _bounded(outcome: str) -> str:
    """Return one of the known outcomes. A response with errors of several kinds counts as the gravest."""
    codes = outcome.split(",")
    for code in _GRAVEST_FIRST:
        if code in codes:
            return str(code)
    return codes[0] if codes[0] in _OUTCOMES else "other"

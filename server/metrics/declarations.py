"""The metrics of a server process. docs/metrics.md explains each.

No label has values that a client chooses. `operation` is a kind and a root field of the schema, or a method and the
first segment of a path that the server knows; `outcome` is `ok`, `refused`, or a code that the server knows.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX: Final = "group_sessions"
_REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOCK_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 3.0, 10.0)
_DELAY_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_OPERATION: Final = ("operation",)


class Declarations:
    """Every metric that a process updates while it runs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Create the metrics in a registry."""

        def counter(name: str, text: str, labels: tuple[str, ...]) -> Counter:
            return Counter(name, text, labels, namespace=PREFIX, registry=registry)

        def histogram(name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, text, labels, namespace=PREFIX, registry=registry, buckets=buckets)

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(name, text, labels, namespace=PREFIX, registry=registry, multiprocess_mode="livesum")

        self.requests = counter("requests", "Finished requests.", ("operation", "outcome"))
        self.request_seconds = histogram(
            "request_duration_seconds", "Durations of requests, except streams.", _OPERATION, _REQUEST_SECONDS
        )
        self.statements = counter("statements", "SQL statements of requests.", _OPERATION)
        self.statement_seconds = counter(
            "statement_seconds", "Seconds that requests have waited for SQL statements.", _OPERATION
        )
        self.retries = counter(
            "transaction_retries", "Transactions that ran again, by the kind of fault before.", ("cause",)
        )
        self.lock_seconds = histogram(
            "lock_wait_seconds", "How long requests wait for locks of rows.", ("place",), _LOCK_SECONDS
        )
        self.loop_delay = histogram(
            "event_loop_delay_seconds", "How late the event loop wakes a sleeping task.", (), _DELAY_SECONDS
        )
        self.pool_connections = gauge("pool_connections", "Open connections to the database.", ("pool", "state"))
        self.pool_limit = gauge("pool_limit", "The most connections of a pool.", ("pool",))
        self.streams = gauge("open_streams", "Open subscriptions.")
        self.workers = gauge("workers", "Running server processes.")
        self.deliveries = counter("relay_attempts", "Attempts of this server to deliver events.", ("sink", "outcome"))
        self.rate_limit_faults = counter(
            "rate_limit_store_faults", "Times that the shared store of rate limits could not be used.", ()
        )

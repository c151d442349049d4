"""Traces of requests, by OpenTelemetry: one span for each request, and one for each of its SQL statements.

Spans contain what metrics do: kinds, root fields, codes and numbers. They contain the text of statements too, in which
every value is a parameter, and no parameters. So they contain nothing of patients, and no names that clients choose.
"""

import time
from typing import Final

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from server.responses.headers import header
from server.responses.request_trace import RequestTrace
from server.runtime.version import PACKAGE, program_version

_LONGEST_TEXT: Final = 2_000
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_FAULTS: Final = ("INTERNAL_SERVER_ERROR", "UNAVAILABLE", "BUSY")
"""The outcomes that are errors of the server."""


class Tracing:
    """Traces the requests of this process."""

    def __init__(self, processor: SpanProcessor, database: str) -> None:
        """Send spans to a processor. `database` is the name of SQLAlchemy's dialect.

        OpenTelemetry reads further settings from its own variables, such as OTEL_TRACES_SAMPLER.
        """
        defaults = {"service.name": PACKAGE, "service.version": program_version()}
        resource = Resource.create({**defaults, **OTELResourceDetector().detect().attributes})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(PACKAGE)
        self._database = database

    def start(self, scope: Scope) -> RequestTrace:
        """Begin the span of a request. It continues the trace of its `traceparent` header, if that is valid."""
        names = ("traceparent", "tracestate")
        values = {name: value for name in names if (value := header(scope, name.encode())) is not None}
        parent = _PROPAGATOR.extract(values) if "traceparent" in values else None
        return _Trace(self._tracer, self._tracer.start_span("request", parent, SpanKind.SERVER), self._database)

    def shutdown(self) -> None:
        """Send the last spans. It blocks: call it in a thread."""
        self._provider.shutdown()


class _Trace(RequestTrace):
    def __init__(self, tracer: Tracer, span: Span, database: str) -> None:
        self._tracer = tracer
        self._span = span
        self._context = set_span_in_context(span)
        self._database = database
        self.trace_id = f"{span.get_span_context().trace_id:032x}"

    def record_statement(self, text: str, seconds: float) -> None:
        """Add the span of a statement."""
        ended = time.time_ns()
        verb = text[:10].split(maxsplit=1)[0].upper()
        attributes = {
            "db.system.name": self._database,
            "db.operation.name": verb,
            "db.query.text": text[:_LONGEST_TEXT],
        }
        started = ended - int(seconds * 1e9)
        span = self._tracer.start_span(verb, self._context, SpanKind.CLIENT, attributes, start_time=started)
        span.end(ended)

    def end(self, method: str, path: str, operation: str, outcome: str, status: int | None) -> None:
        """End the span."""
        span = self._span
        span.update_name(operation)
        span.set_attribute("http.request.method", method)
        span.set_attribute("http.route", path)
        span.set_attribute("group_sessions.operation", operation)
        span.set_attribute("group_sessions.outcome", outcome)
        if status is not None:
            span.set_attribute("http.response.status_code", status)
        if outcome in _FAULTS:
            span.set_status(StatusCode.ERROR)
        span.end()

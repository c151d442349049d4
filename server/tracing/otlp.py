"""Sends traces to an OpenTelemetry collector."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from server.tracing.tracing import Tracing


def otlp_tracing(database: str) -> Tracing:
    """Return what traces this process, in batches over HTTP.

    OpenTelemetry reads the address from OTEL_EXPORTER_OTLP_ENDPOINT.
    """
    return Tracing(BatchSpanProcessor(OTLPSpanExporter()), database)

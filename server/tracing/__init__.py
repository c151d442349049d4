"""Traces, by OpenTelemetry. Nothing here is loaded unless TRACES is set."""

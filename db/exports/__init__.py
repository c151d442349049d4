"""Streams the rows of exports, formatted as CSV or as NDJSON."""

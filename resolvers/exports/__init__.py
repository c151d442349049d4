"""Exports: what a caller may export, the row of the access log, and the rows."""

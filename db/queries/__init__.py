"""Statements that read for the API, one module per entity."""

"""Queries of the API: records by id, lists and relations, one module per entity."""

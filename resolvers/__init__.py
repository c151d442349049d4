"""The imperative shell, one module per entity: load, decide, store."""

"""Changing: one module per entity. Each use case loads, decides and stores in one transaction."""

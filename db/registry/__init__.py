"""Stores what the registries state of patients, staff and locations."""

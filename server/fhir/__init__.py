"""Imports FHIR R4 resources of the registries: patients, staff, their roles, and locations."""

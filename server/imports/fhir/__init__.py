"""The import of FHIR R4 resources from registries: patients, staff, their roles, and locations."""

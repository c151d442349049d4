"""The import of patients, staff and locations from the registries that own them."""

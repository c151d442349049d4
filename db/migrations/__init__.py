"""The migrations of the schema, and the checks of what a database has."""

"""Whether a document may run: parsing, validation, limits, and what it costs."""

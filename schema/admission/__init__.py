"""Admission of documents: parsing, validation, limits and cost, before anything is executed."""

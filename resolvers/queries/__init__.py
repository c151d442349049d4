"""Reading: one module per entity, pages, and what is read along with a record."""

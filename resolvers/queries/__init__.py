"""The queries that read data: lists as pages, records by id, and the prefetching of the lists of a record."""

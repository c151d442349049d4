"""GET /export/…: flat rows as CSV or NDJSON, for spreadsheets, notebooks and BI tools."""

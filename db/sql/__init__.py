"""The text of SQL and the form of rows. Nothing here performs I/O."""

"""The processes of `serve --workers N`: the supervisor and its workers."""

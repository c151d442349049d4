"""ASGI middleware that runs for every route."""

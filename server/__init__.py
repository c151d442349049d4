"""The edge: the ASGI app, authentication, settings and the command line."""

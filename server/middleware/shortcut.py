"""A way to one path past the router."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcut:
    """Leads one path to its app at once, and all else on.

    Nearly every request is for it, and Starlette's router, with what it catches and looks up around each route, took a
    twentieth of a small query's time.
    """

    def __init__(self, app: ASGIApp, path: str, endpoint: ASGIApp) -> None:
        """Take where all else leads, the path, and its app, which answers its own faults."""
        self._app = app
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == self._path:
            await self._endpoint(scope, receive, send)
        else:
            await self._app(scope, receive, send)

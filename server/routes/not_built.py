"""The response of a page that the web build has not written."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


def not_built(page: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that says which command builds the page."""

    async def respond(request: Request) -> Response:
        text = f"{page} is not built. Run: make setup\n"
        return PlainTextResponse(text, status_code=503, headers={"Cache-Control": "no-store"})

    return respond

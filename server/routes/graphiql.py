"""The GraphiQL page: files of the web build, served so that the page can reach this server and nothing else.

Its other security headers are those of every answer (server.middleware.security_headers).
"""

import os
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# The editor writes style elements, and carries its fonts and images as data; scripts and workers are files of ours.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY: Final = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY}
_ONE_YEAR_SECONDS: Final = 31_536_000


def graphiql_routes(dist: Path) -> list[BaseRoute]:
    """Return the routes of the page at /graphiql and of its assets.

    Args:
        dist: The folder that the web build wrote. When it holds no page, /graphiql answers 503 and says what to run;
            the folder is looked at once, here.
    """
    page = dist / "index.html"
    if not page.is_file():
        return [Route("/graphiql", _not_built)]

    async def show_page(request: Request) -> Response:
        # The page names its assets by their content, so it must be asked for anew each time.
        return FileResponse(page, headers={**_POLICY, "Cache-Control": "no-cache"})

    return [
        Mount("/graphiql/assets", app=_HashedFiles(directory=dist / "assets"), name="graphiql_assets"),
        Route("/graphiql", show_page),
    ]


async def _not_built(request: Request) -> Response:
    text = "The GraphiQL page is not built. Run: make setup\n"
    return PlainTextResponse(text, status_code=503, headers={**_POLICY, "Cache-Control": "no-store"})


class _HashedFiles(StaticFiles):
    """Files whose names change with their content, so that a browser may keep them for good."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_POLICY)
        response.headers["Cache-Control"] = f"public, max-age={_ONE_YEAR_SECONDS}, immutable"
        return response

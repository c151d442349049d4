"""The GraphiQL page: files of the web build, with a policy that lets the page reach only this server.

The other security headers are those of every response (server.middleware.security_headers).
"""

import os
from pathlib import Path
from typing import Final

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.middleware.compression import accepts_gzip
from server.responses.headers import header

# The editor writes style elements, and its fonts and images are data URLs. Scripts and workers are files of the build.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY: Final = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY}
_ONE_YEAR_SECONDS: Final = 31_536_000


def graphiql_routes(dist: Path) -> list[BaseRoute]:
    """Return the routes of the page at /graphiql and of its assets.

    Redirects are relative, as are the addresses in the page: a proxy may serve the server under a path prefix.

    Args:
        dist: The folder that the web build wrote. If it has no page now, /graphiql responds with status 503 and says
            which command builds it.
    """
    page = dist / "index.html"

    async def show_page(request: Request) -> Response:
        # The page names the current assets, so browsers must revalidate it on each visit.
        return FileResponse(page, headers={**_POLICY, "Cache-Control": "no-cache"})

    built = page.is_file()
    routes: list[BaseRoute] = [
        Route("/", RedirectResponse("graphiql")),
        Route("/graphiql/", RedirectResponse("../graphiql")),
        Route("/graphiql", show_page if built else _not_built),
    ]
    if built:
        # StaticFiles raises its errors, such as 404. The app has no middleware that responds to them.
        files = ExceptionMiddleware(_HashedFiles(directory=dist / "assets"))
        routes.append(Mount("/graphiql/assets", files, name="graphiql_assets"))
    return routes


async def _not_built(request: Request) -> Response:
    text = "The GraphiQL page is not built. Run: make setup\n"
    return PlainTextResponse(text, status_code=503, headers={**_POLICY, "Cache-Control": "no-store"})


class _HashedFiles(StaticFiles):
    """Files whose names change with their content, so that browsers may cache them forever.

    The build writes a gzip copy beside each large file. Clients that accept gzip get the copy.
    """

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        gzip_copy = Path(f"{full_path}.gz")
        headers = {**_POLICY, "Cache-Control": f"public, max-age={_ONE_YEAR_SECONDS}, immutable"}
        if gzip_copy.is_file():
            headers["Vary"] = "Accept-Encoding"
            if accepts_gzip(header(scope, b"accept-encoding")):
                full_path, stat_result = gzip_copy, gzip_copy.stat()
                headers["Content-Encoding"] = "gzip"
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(headers)
        return response

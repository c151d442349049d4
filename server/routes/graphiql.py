"""The GraphiQL page: files of the web build, with a policy that lets the page reach only this server.

The other security headers are those of every response (server.middleware.security_headers).
"""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from server.routes.hashed_files import hashed_files
from server.routes.not_built import not_built

# The editor writes style elements, and its fonts and images are data URLs. Scripts and workers are files of the build.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def graphiql_routes(dist: Path, *, start_page: bool) -> list[BaseRoute]:
    """Return the routes of the page at /graphiql and of its assets.

    Redirects are relative, as are the addresses in the page: a proxy may serve the server under a path prefix.

    Args:
        dist: The folder that the web build wrote. If it has no page now, /graphiql responds with status 503 and says
            which command builds it.
        start_page: Whether / redirects to the page.
    """
    page = dist / "index.html"

    async def show_page(request: Request) -> Response:
        # The page names the current assets, so browsers must revalidate it on each visit.
        return FileResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})

    built = page.is_file()
    routes: list[BaseRoute] = [
        Route("/graphiql/", RedirectResponse("../graphiql")),
        Route("/graphiql", show_page if built else not_built("The GraphiQL page")),
    ]
    if start_page:
        routes.append(Route("/", RedirectResponse("graphiql")))
    if built:
        routes.append(hashed_files("/graphiql/assets", dist / "assets", _POLICY))
    return routes

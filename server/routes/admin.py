"""The admin UI: one page at the addresses of all its screens, and its assets.

The other security headers are those of every response (server.middleware.security_headers).
"""

import html
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from server.auth.claims import ClaimRules
from server.responses.screens import SCREENS
from server.routes.hashed_files import hashed_files
from server.routes.not_built import not_built
from server.settings.browser_sign_in import Provider

# Mantine writes style elements with a nonce. React sets style attributes through the DOM, which needs no permission.
# The page fetches the identity provider's discovery document and tokens from its issuer. People sign in at the
# provider's own pages, in this window or in another one, which needs no permission either.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'{issuer}; style-src 'self'{nonce}; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def admin_routes(
    dist: Path, *, graphiql: bool, provider: Provider | None = None, rules: ClaimRules | None = None
) -> list[BaseRoute]:
    """Return the routes of the page at / and at the screens' addresses, and of its assets at /admin/assets.

    Args:
        dist: The folder that the web build wrote. If it has no page now, the addresses respond with status 503 and say
            which command builds it.
        graphiql: Whether the page links to GraphiQL.
        provider: Where people sign in. Without it, they need a link or a token.
        rules: The claims that are read from tokens. The page names them to people without organization or permissions.
    """
    page = dist / "index.html"
    if not page.is_file():
        return _at_all_addresses(not_built("The admin UI"))
    template = page.read_text().replace("__graphiql__", "on" if graphiql else "off")
    template = template.replace("__sign_in__", html.escape(_sign_in(provider, rules or ClaimRules())))
    issuer = f" {provider.origin}" if provider is not None else ""

    async def show_page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        content = template.replace("__nonce__", nonce).replace("__root__/", _way_to_root(request))
        policy = _POLICY.format(issuer=issuer, nonce=f" 'nonce-{nonce}'")
        return HTMLResponse(content, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    assets = hashed_files("/admin/assets", dist / "assets", _POLICY.format(issuer="", nonce=""))
    return [*_at_all_addresses(show_page), assets]


def _at_all_addresses(endpoint: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    paths = ["/", *(path for screen in SCREENS for path in (f"/{screen}", f"/{screen}/{{rest:path}}"))]
    return [Route(path, endpoint) for path in paths]


def _sign_in(provider: Provider | None, rules: ClaimRules) -> str:
    """Return how people sign in, as JSON for web/admin/src/session/settings.ts."""
    claims = {"organization": rules.organization, "permissions": rules.permissions, "roles": rules.roles}
    return orjson.dumps({"provider": provider, "claims": claims}).decode()


def _way_to_root(request: Request) -> str:
    """Return the relative address of / as seen from the request's. A proxy may serve it under an unknown prefix."""
    raw_path: bytes = request.scope["raw_path"]  # before decoding, because browsers count no encoded slash
    return "../" * (raw_path.count(b"/") - 1)

"""The admin UI's page: its addresses, its headers, and the size of its scripts."""

import html
import json
import re
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urljoin

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.middleware.request_log import RequestLog
from server.responses.screens import SCREENS
from server.routes.admin import admin_routes
from server.settings.browser_sign_in import Provider
from tests.support.repository import ROOT

DIST = ROOT / "web" / "dist" / "admin"
SCRIPT = "/admin/assets/index-B1xhZu6.js"
PAGE = """<!doctype html><meta name="graphiql" content="__graphiql__"><meta property="csp-nonce" nonce="__nonce__">
<meta name="sign-in" content="__sign_in__">
<script src="__root__/admin/assets/index-B1xhZu6.js"></script>"""

pytestmark = pytest.mark.anyio


@pytest.fixture
def page_client(tmp_path: Path) -> AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-B1xhZu6.js").write_text("export {};")
    return client_of(tmp_path)


def client_of(dist: Path, provider: Provider | None = None) -> AsyncClient:
    routes = admin_routes(dist, graphiql=True, provider=provider)
    app = Starlette(routes=routes, middleware=[Middleware(RequestLog)])
    return AsyncClient(transport=ASGITransport(app), base_url="http://clinic.test")


@pytest.mark.parametrize("path", ["/", "/groups", "/groups/", "/groups/1", "/groups/a%2Fb?tab=x/y", "/groups/1/2/3"])
async def test_the_page_finds_its_scripts_at_every_depth_and_prefix(page_client: AsyncClient, path: str) -> None:
    response = await page_client.get(path)
    assert response.status_code == 200
    script = re.search(r'src="([^"]+)"', response.text)
    assert script is not None
    for prefix in ("", "/clinic/a"):
        assert urljoin(f"http://clinic.test{prefix}{path}", script[1]) == f"http://clinic.test{prefix}{SCRIPT}"


async def test_paths_of_no_screen_are_not_found(page_client: AsyncClient) -> None:
    for path in ("/nowhere", "/groupsx", "/admin", "/admin/assets/missing.js", "/admin/assets/%2e%2e/index.html"):
        assert (await page_client.get(path)).status_code == 404
    assert (await page_client.post("/groups")).status_code == 405


async def test_the_policy_allows_only_files_of_this_server_and_styles_with_the_nonce(page_client: AsyncClient) -> None:
    responses = [await page_client.get("/groups") for _ in range(2)]
    nonces = []
    for response in responses:
        policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
        nonce = re.search(r'nonce="([\w-]{22,})"', response.text)
        assert nonce is not None
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "connect-src": "'self'",
            "style-src": f"'self' 'nonce-{nonce[1]}'",
            "img-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-frame-options"] == "DENY"
        nonces.append(nonce[1])
    assert nonces[0] != nonces[1]


async def test_the_policy_adds_only_the_origin_of_the_issuer(page_client: AsyncClient, tmp_path: Path) -> None:
    provider = Provider("https://id.example.org:8443/realms/clinic", "admin-ui")
    other = (await page_client.get("/groups")).headers["content-security-policy"]
    policy = (await client_of(tmp_path, provider).get("/groups")).headers["content-security-policy"]
    expected = other.replace("connect-src 'self'", "connect-src 'self' https://id.example.org:8443")
    assert without_nonce(policy) == without_nonce(expected)


def without_nonce(policy: str) -> str:
    return re.sub(r"'nonce-[^']+'", "'nonce'", policy)


async def test_the_page_says_how_to_sign_in(page_client: AsyncClient, tmp_path: Path) -> None:
    claims = {"organization": "organization_id", "permissions": ["permissions"], "roles": ["roles"]}
    assert sign_in_of((await page_client.get("/")).text) == {"provider": None, "claims": claims}
    provider = Provider("https://id.example.org/", 'a "client" <of> ours', "openid", {"audience": "urn:pm&co"})
    page = (await client_of(tmp_path, provider).get("/groups/1")).text
    assert sign_in_of(page) == {"provider": asdict(provider), "claims": claims}
    assert "<of>" not in page


def sign_in_of(page: str) -> object:
    content = re.search(r'name="sign-in" content="([^"]+)"', page)
    assert content is not None
    return json.loads(html.unescape(content[1]))


async def test_scripts_are_cached_forever(page_client: AsyncClient) -> None:
    response = await page_client.get(SCRIPT)
    assert response.status_code == 200
    assert "immutable" in response.headers["cache-control"]


async def test_a_page_that_is_not_built_names_the_command(tmp_path: Path) -> None:
    for path in ("/", "/groups/1"):
        response = await client_of(tmp_path / "dist").get(path)
        assert response.status_code == 503
        assert "make setup" in response.text


async def test_the_server_knows_the_screens_of_the_router() -> None:
    router = (ROOT / "web" / "admin" / "src" / "app" / "router.tsx").read_text()
    paths = re.findall(r'path: "/([^/"]+)', router)
    assert sorted(set(paths)) == sorted(SCREENS)


async def test_the_built_page_has_no_inline_script_and_no_address_of_another_host() -> None:
    page = (DIST / "index.html").read_text()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert "style=" not in page
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    assert [address for address in addresses if not address.startswith("__root__/admin/assets/")] == []

"""The GraphiQL page: the files and headers that the server sends, and the examples in it."""

import gzip
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.middleware.request_log import RequestLog
from server.routes.graphiql import graphiql_routes
from tests.support.repository import ROOT

SOURCES = ROOT / "web" / "graphiql" / "src"
DOCUMENTS = sorted(SOURCES.rglob("*.graphql"))
ASSET = "/graphiql/assets/index-B1xhZu6.js"
CONTENT = "export {};"


@pytest.fixture
def page_client(tmp_path: Path) -> AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (tmp_path / "assets" / "index-B1xhZu6.js").write_text(CONTENT)
    (tmp_path / "assets" / "index-B1xhZu6.js.gz").write_bytes(gzip.compress(CONTENT.encode()))
    return client_of(tmp_path)


def client_of(dist: Path) -> AsyncClient:
    app = Starlette(routes=graphiql_routes(dist, start_page=True), middleware=[Middleware(RequestLog)])
    return AsyncClient(transport=ASGITransport(app), base_url="http://clinic.test")


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("path", ["/graphiql", ASSET])
async def test_the_page_may_reach_only_this_server_and_no_frame(
    page_client: AsyncClient, path: str, encoding: str
) -> None:
    response = await page_client.get(path, headers={"Accept-Encoding": encoding})
    assert response.status_code == 200
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "http" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.anyio
async def test_assets_are_cached_forever_and_the_page_is_not(page_client: AsyncClient) -> None:
    assert "immutable" in (await page_client.get(ASSET)).headers["cache-control"]
    assert (await page_client.get("/graphiql")).headers["cache-control"] == "no-cache"


@pytest.mark.anyio
@pytest.mark.parametrize(("accepted", "sent"), [("gzip, br", "gzip"), ("identity", None), ("gzip;q=0", None)])
async def test_assets_are_compressed_for_clients_that_accept_gzip(
    page_client: AsyncClient, accepted: str, sent: str | None
) -> None:
    response = await page_client.get(ASSET, headers={"Accept-Encoding": accepted})
    assert response.headers.get("content-encoding") == sent
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.text == CONTENT


@pytest.mark.parametrize("page", ["admin", "graphiql"])
def test_the_build_compresses_every_large_asset(page: str) -> None:
    assets = [path for path in (ROOT / "web" / "dist" / page / "assets").iterdir() if path.suffix != ".gz"]
    large = [path for path in assets if path.stat().st_size >= 1_000]
    assert large
    for path in large:
        assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["missing.js", "../index.html", "%2e%2e/index.html", "..%2f..%2fetc/passwd"])
async def test_only_files_of_the_build_are_served(page_client: AsyncClient, path: str) -> None:
    assert (await page_client.get(f"/graphiql/assets/{path}")).status_code == 404


@pytest.mark.anyio
async def test_a_page_that_is_not_built_names_the_command(tmp_path: Path) -> None:
    response = await client_of(tmp_path / "dist").get("/graphiql")
    assert response.status_code == 503
    assert "make setup" in response.text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_document_is_valid_in_this_schema(document: Path) -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text())
    assert validate(schema, parse(document.read_text())) == []


def test_every_example_is_imported_as_a_tab() -> None:
    imports = (SOURCES / "examples.ts").read_text()
    names = [path.name for path in (SOURCES / "examples").iterdir()]
    assert names
    assert [name for name in names if f"./examples/{name}?raw" not in imports] == []

"""GraphiQL's page: what the server sends with it, its examples, and a real browser that signs in and runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from graphql import build_schema, parse, validate
from httpx import ASGITransport, AsyncClient
from playwright.sync_api import ConsoleMessage, Page, Playwright, expect, sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.middleware.request_log import RequestLog
from server.routes.graphiql import graphiql_routes

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "web" / "src" / "examples").glob("*.graphql"))
SECRET = "a secret of tests that is long enough to sign with"
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
QUERY_TABS = ["GroupsAndSessions", "RosterAndWaitlist", "WeeklyCompliance", "CalendarOfTheWeek", "IdsForMutations"]
MUTATION_TABS = ["CreateGroup", "GenerateSessions", "EnrollPatient", "DisenrollPatient"]


# ---------------------------------------------------------------- what the server sends


@pytest.fixture
def page_client(tmp_path: Path) -> AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (tmp_path / "assets" / "index-B1xhZu6.js").write_text("export {};")
    return client_of(tmp_path)


def client_of(dist: Path) -> AsyncClient:
    app = Starlette(routes=graphiql_routes(dist), middleware=[Middleware(RequestLog)])
    return AsyncClient(transport=ASGITransport(app), base_url="http://clinic.test")


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/graphiql", "/graphiql/assets/index-B1xhZu6.js"])
async def test_the_page_may_reach_this_server_only_and_stand_in_no_frame(page_client: AsyncClient, path: str) -> None:
    response = await page_client.get(path)
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
async def test_assets_are_kept_for_good_and_the_page_that_names_them_is_not(page_client: AsyncClient) -> None:
    assert "immutable" in (await page_client.get("/graphiql/assets/index-B1xhZu6.js")).headers["cache-control"]
    assert (await page_client.get("/graphiql")).headers["cache-control"] == "no-cache"


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["missing.js", "../index.html", "%2e%2e/index.html", "..%2f..%2fetc/passwd"])
async def test_only_files_of_the_build_are_served(page_client: AsyncClient, path: str) -> None:
    assert (await page_client.get(f"/graphiql/assets/{path}")).status_code == 404


@pytest.mark.anyio
async def test_a_page_that_is_not_built_says_what_to_run(tmp_path: Path) -> None:
    response = await client_of(tmp_path / "dist").get("/graphiql")
    assert response.status_code == 503
    assert "make setup" in response.text


# ---------------------------------------------------------------- the examples


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid_in_this_schema(example: Path) -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text())
    assert validate(schema, parse(example.read_text())) == []


def test_every_example_is_a_tab() -> None:
    names = [re.findall(r"^(?:query|mutation) (\w+)", path.read_text(), re.MULTILINE) for path in EXAMPLES]
    assert sorted(name for found in names for name in found) == sorted(QUERY_TABS + MUTATION_TABS)


# ---------------------------------------------------------------- in a browser, on the demo clinic


@dataclass
class Visit:
    """A page, and what it did that nobody should do."""

    page: Page
    links: list[str]
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return self.links[0].partition("#token=")[2]

    def note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def sign_in_by_link(self) -> None:
        self.page.goto(self.links[0])
        # GraphiQL draws its tabs before its editor; a tab chosen in between is not taken up.
        expect(self.page.locator(".graphiql-query-editor")).to_contain_text(QUERY_TABS[0], timeout=30_000)

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=re.compile(f"^{name}")).click()
        expect(self.page.locator(".graphiql-query-editor")).to_contain_text(name)

    def execute(self) -> dict[str, Any]:
        with self.page.expect_response(lambda response: response.url.endswith("/graphql")) as caught:
            self.page.get_by_role("button", name="Execute query").click()
        answer: dict[str, Any] = json.loads(caught.value.text())
        return answer


def chromium() -> str:
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.skip("the browser tests did not run: there is no Chromium on this machine")
    return found[0]


@contextmanager
def demo_server(folder: Path) -> Iterator[list[str]]:
    """The demo on a port and a database of its own; gives the links that it prints, the administrator's first."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AUTH_", "GRAPHIQL"))},
        "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "AUTH_JWT_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "server", "serve", "--demo", "--port", "0"]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            links: list[str] = []
            for line in server.stdout:
                links += re.findall(r"http://\S+/graphiql#token=\S+", line)
                if len(links) == 2:
                    break
            assert len(links) == 2, (folder / "server.log").read_text()
            yield links
        finally:
            server.terminate()
            server.communicate(timeout=30)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    chromium()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def demo_links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    chromium()
    with demo_server(tmp_path_factory.mktemp("demo")) as links:
        yield links


@pytest.fixture
def visit(playwright: Playwright, demo_links: list[str]) -> Iterator[Visit]:
    with ExitStack() as stack:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(30_000)
        begun = Visit(page, demo_links)
        page.on("request", lambda request: begun.requested.append(request.url))
        page.on("console", begun.note_console)
        page.on("pageerror", lambda error: begun.complaints.append(str(error)))
        yield begun


@pytest.mark.browser
def test_a_link_signs_in_and_the_first_tab_shows_the_clinic(visit: Visit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    expect(page.get_by_text("Signed in as")).to_contain_text("org_admin")
    # Ctrl+Enter runs what the editor holds, as a person would.
    page.locator(".graphiql-query-editor .view-lines").click()
    with page.expect_response(lambda response: response.url.endswith("/graphql")) as caught:
        page.keyboard.press("Control+Enter")
    answer = json.loads(caught.value.text())
    groups = answer["data"]["groupDefinitions"]["nodes"]
    assert "errors" not in answer
    assert any(group["occurrences"]["nodes"] for group in groups)
    expect(page.locator(".graphiql-response")).to_contain_text("groupDefinitions")
    expect(page.locator(".graphiql-response")).to_contain_text(groups[0]["name"].replace(" ", "\u00a0"))


@pytest.mark.browser
def test_the_token_stays_in_memory_and_nothing_leaves_for_another_host(visit: Visit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    visit.open_tab("WeeklyCompliance")
    assert "errors" not in visit.execute()
    assert "token" not in page.url
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])")
    assert visit.token not in kept
    assert "authorization" not in kept.lower()
    assert not any(visit.token in url for url in visit.requested[1:])  # the first is the link; its # part is not sent
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()  # gone with the page
    own_host = urlsplit(visit.links[0]).netloc
    assert {urlsplit(url).netloc for url in visit.requested if not url.startswith(("data:", "blob:"))} == {own_host}
    assert visit.complaints == []


@pytest.mark.browser
def test_every_example_runs_as_it_stands(visit: Visit) -> None:
    visit.sign_in_by_link()
    for name in QUERY_TABS:
        visit.open_tab(name)
        answer = visit.execute()
        assert "errors" not in answer, name
        assert answer["data"], name
    for name in MUTATION_TABS:  # their ids are for a person to fill in; all else in them is right
        visit.open_tab(name)
        answer = visit.execute()
        assert "errors" not in answer, name
        (payload,) = answer["data"].values()
        assert {error["code"] for error in payload["userErrors"]} == {"NOT_FOUND"}, name
    assert visit.complaints == []


@pytest.mark.browser
def test_the_editor_completes_and_documents_this_api(visit: Visit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    page.get_by_role("button", name="Documentation Explorer").click()
    explorer = page.locator(".graphiql-doc-explorer")
    explorer.get_by_role("link", name="Query").first.click()
    expect(explorer).to_contain_text("recurrencePreview")
    page.locator(".graphiql-query-editor .view-lines").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("{ recurr")
    expect(page.locator(".graphiql-query-editor .suggest-widget")).to_contain_text("recurrencePreview")
    assert visit.complaints == []


@pytest.mark.browser
def test_a_pasted_token_signs_in_and_a_wrong_one_is_refused_in_words(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.links[0].partition("#")[0])
    box = page.get_by_label("Token")
    box.fill("not a token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("no token")
    box.fill(visit.token[:-4] + "AAAA")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="does not accept this token")).to_be_visible()
    box.fill(f"Bearer {visit.token}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="does not accept this token")).to_be_hidden()
    expect(page.get_by_text("Signed in as")).to_contain_text("org_admin")
    expect(page.locator(".graphiql-query-editor")).to_contain_text(QUERY_TABS[0])
    visit.open_tab("WeeklyCompliance")
    assert "errors" not in visit.execute()

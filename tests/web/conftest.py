"""A demo server, and a browser that visits its pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Response, expect, sync_playwright

from tests.support.repository import ROOT

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
FIRST_TAB = "Groups"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Visit:
    """A page, the requests that it sent, and the errors that its console shows."""

    page: Page
    links: list[str]
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    @property
    def token(self) -> str:
        return token_of(self.links[0])

    def sign_in_by_link(self, link: str | None = None) -> None:
        self.page.goto(link or self.links[0])
        self.expect_query(FIRST_TAB)

    def sign_in_by_token(self, token: str) -> None:
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()

    def expect_query(self, text: str) -> None:
        # GraphiQL draws its tabs before its editor, and ignores a tab that is chosen in between.
        expect(self.page.locator(".graphiql-query-editor")).to_contain_text(text, timeout=30_000)

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=re.compile(f"^{name}")).click()
        self.expect_query(name)

    def execute(self) -> dict[str, Any]:
        """Run the open tab and return the response's body."""
        body: dict[str, Any] = json.loads(self.send().text())
        return body

    def send(self) -> Response:
        with self.page.expect_response(lambda response: response.url.endswith("/graphql")) as caught:
            self.page.get_by_role("button", name="Execute query").click()
        return caught.value

    def accessibility_violations(self) -> list[str]:
        """Return the violations that axe finds in the page, except inside of GraphiQL itself."""
        self.page.evaluate(AXE.read_text())
        script = 'axe.run({exclude: [".graphiql-container"]}).then((result) => result.violations.map(({help}) => help))'
        violations: list[str] = self.page.evaluate(script)
        return violations

    def stored(self) -> str:
        """Return everything that the browser stores for the page."""
        script = "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])"
        return str(self.page.evaluate(script))

    def wait_until_tabs_hold(self, text: str) -> None:
        self.page.evaluate(
            """text => new Promise((resolve) => {
                const stored = () => sessionStorage.getItem("graphiql:tabState")?.includes(text);
                const check = () => (stored() ? resolve() : requestAnimationFrame(check));
                check();
            })""",
            text,
        )

    def tab_titles(self) -> list[str | None]:
        return [tab.get_attribute("title") for tab in self.page.locator("[id^=graphiql-session-tab-]").all()]


def token_of(link: str) -> str:
    return link.partition("#token=")[2]


def _chromium() -> str:
    paths = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not paths:
        pytest.skip("the browser tests did not run: there is no Chromium on this machine")
    return paths[0]


@contextmanager
def _demo_server(folder: Path) -> Iterator[list[str]]:
    """Serve the demo on a free port with its own database. Yield its links, the administrator's first."""
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
    _chromium()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def demo_links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    _chromium()
    with _demo_server(tmp_path_factory.mktemp("demo")) as links:
        yield links


@pytest.fixture(params=[(1400, 900)], ids=["desktop"])
def visit(request: pytest.FixtureRequest, browser: Browser, demo_links: list[str]) -> Iterator[Visit]:
    """A visit with its own cookies and storage, on a desktop unless the test is parametrized."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield Visit(page, demo_links)
    context.close()

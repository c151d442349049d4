"""A demo server, and a browser that visits its pages."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from resolvers.caller import PermissionKey
from server.auth.signing import sign_token
from server.demo.clinic import DEMO_ORGANIZATION
from tests.support.repository import ROOT
from tests.web.visits import CLINIC_ZONE, AdminVisit, DemoServer, GraphiqlVisit

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
PATIENCE_MS = 30_000
"""How long tests wait for what they expect, so that a busy machine fails no test. Playwright's default is 5 seconds."""
expect.set_options(timeout=PATIENCE_MS)
BROWSER_TEST_SECONDS = 240
DESKTOP, PHONE = (1400, 900), (360, 740)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give browser tests more time than others: on a busy machine, a page takes many times longer."""
    for item in items:
        if item.get_closest_marker("browser") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(BROWSER_TEST_SECONDS))


def demo_token(*keys: PermissionKey, subject: str = "demo-administrator") -> str:
    """Return a token of the demo clinic with these permissions."""
    return sign_token(
        SECRET,
        organization_id=DEMO_ORGANIZATION,
        subject=subject,
        permissions=keys,
        expires_in=timedelta(hours=1),
    )


def _chromium() -> str:
    paths = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not paths:
        pytest.skip("the browser tests did not run: there is no Chromium on this machine")
    return paths[0]


@contextmanager
def _demo_server(folder: Path) -> Iterator[DemoServer]:
    """Serve the demo on a free port with its own database."""
    database = folder / "demo.db"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AUTH_", "GRAPHIQL", "ADMIN_UI"))},
        "DATABASE_URL": f"sqlite:///{database}",
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
                links += re.findall(r"http://\S+/#token=\S+", line)
                if len(links) == 2:
                    break
            assert len(links) == 2, (folder / "server.log").read_text()
            yield DemoServer(links, database)
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
def second_browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser of another person, for tests of two people at once."""
    browser = playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    _chromium()
    with _demo_server(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def time_zone() -> str:
    """The time zone of the browser: the clinic's, so that both have the same date, unless the test is parametrized."""
    return CLINIC_ZONE


@pytest.fixture(params=[DESKTOP], ids=["desktop"])
def page(request: pytest.FixtureRequest, browser: Browser, time_zone: str) -> Iterator[Page]:
    """A page with its own cookies and storage, on a desktop unless the test is parametrized."""
    width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", timezone_id=time_zone
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture
def visit(page: Page, demo: DemoServer) -> GraphiqlVisit:
    """A visit of GraphiQL."""
    return GraphiqlVisit(page, demo.graphiql_links)


@pytest.fixture
def admin(page: Page, demo: DemoServer) -> AdminVisit:
    """A visit of the admin UI."""
    return AdminVisit(page, demo.links, server=demo)


@pytest.fixture
def colleague(second_browser: Browser, demo: DemoServer, time_zone: str) -> Iterator[AdminVisit]:
    """A visit of the admin UI by another person, in a browser of their own."""
    context = second_browser.new_context(
        viewport={"width": 1400, "height": 900}, reduced_motion="reduce", timezone_id=time_zone
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield AdminVisit(page, demo.links, server=demo)
    context.close()

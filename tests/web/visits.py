"""Visits of the pages in a real browser."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

from tests.support.repository import ROOT

FIRST_TAB: Final = "Groups"
CLINIC_ZONE: Final = "America/Phoenix"
"""The time zone of the demo clinic."""
_AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass(frozen=True)
class DemoServer:
    """A server of the demo clinic: its sign-in links, the administrator's first, and its database."""

    links: list[str]
    database: Path

    @property
    def address(self) -> str:
        return self.links[0].partition("/#")[0]

    @property
    def graphiql_links(self) -> list[str]:
        return [link.replace("/#", "/graphiql#") for link in self.links]


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

    def accessibility_violations(self, *, outside: str | None = None) -> list[str]:
        """Return the violations that axe finds in the page, except inside of the elements of a selector."""
        self.page.evaluate(_AXE.read_text())
        # Colors fade for a moment after they change. Until then, axe would measure a mixture of both.
        script = """async (outside) => {
            const ends = ({ effect, playState }) =>
                playState === "running" && effect.getComputedTiming().endTime < Infinity;
            await Promise.allSettled(document.getAnimations().filter(ends).map(({ finished }) => finished));
            const { violations } = await axe.run(outside === null ? document : { exclude: [outside] });
            const described = ({ html, failureSummary }) => `${html} ${failureSummary}`;
            return violations.map(({ help, nodes }) => [help, ...nodes.map(described)].join(": "));
        }"""
        violations: list[str] = self.page.evaluate(script, outside)
        return violations

    def stored(self) -> str:
        """Return everything that the browser stores for the page."""
        script = "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])"
        return str(self.page.evaluate(script))


@dataclass
class GraphiqlVisit(Visit):
    """A visit of GraphiQL."""

    def sign_in_by_link(self, link: str | None = None) -> None:
        self.page.goto(link or self.links[0])
        self.expect_query(FIRST_TAB)

    def sign_in_by_token(self, token: str) -> None:
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()

    def expect_query(self, text: str) -> None:
        # GraphiQL draws its tabs before its editor, and ignores a tab that is chosen in between.
        expect(self.page.locator(".graphiql-query-editor")).to_contain_text(text)

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

    def violations_outside_of_graphiql(self) -> list[str]:
        return self.accessibility_violations(outside=".graphiql-container")

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


@dataclass
class AdminVisit(Visit):
    """A visit of the admin UI."""

    server: DemoServer = field(kw_only=True)

    def open(self, path: str = "/groups", *, token: str | None = None) -> None:
        """Open a screen, signed in as the administrator unless a token is given."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.server.address}{path}#token={token or self.token}")

    def send(self, query: str, **variables: Any) -> Any:
        """Return the data of a request to the API that another program sends."""
        response = httpx.post(
            f"{self.server.address}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    def group_id(self, name: str) -> str:
        query = "query($filter: GroupDefinitionFilter) { groupDefinitions(filter: $filter) { nodes { id } } }"
        [group] = self.send(query, filter={"search": name})["groupDefinitions"]["nodes"]
        return str(group["id"])

    def stored_rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Return rows of the server's database, which stores UUIDs without hyphens."""
        with sqlite3.connect(f"file:{self.server.database}?mode=ro", uri=True) as connection:
            return connection.execute(sql, [_stored_form(value) for value in values]).fetchall()

    def change_rows(self, sql: str, *values: str) -> None:
        """Change the server's database, as an import of the registry does in another process."""
        with closing(sqlite3.connect(self.server.database, timeout=30)) as connection, connection:
            connection.execute(sql, [_stored_form(value) for value in values])

    def toast(self, words: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("status").filter(has_text=words)

    def assert_accessible(self) -> None:
        """Assert that axe finds nothing in light and in dark colors, and that nothing is wider than the window."""
        for scheme in ("dark", "light"):
            self.page.emulate_media(color_scheme=scheme)
            expect(self.page.locator(f"html[data-mantine-color-scheme={scheme}]")).to_be_attached()
            violations = self.accessibility_violations()
            assert violations == [], f"in {scheme} colors: {violations}"
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]


def today() -> date:
    """Return today's date at the demo clinic, and on the clock of the browser unless it is in another time zone."""
    return datetime.now(ZoneInfo(CLINIC_ZONE)).date()


def _stored_form(value: str) -> str:
    return value.replace("-", "") if re.fullmatch(r"[0-9a-f-]{36}", value) else value


def token_of(link: str) -> str:
    return link.partition("#token=")[2]

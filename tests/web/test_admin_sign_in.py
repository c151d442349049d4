"""Sign-in to the admin UI with a real identity provider (npm: oidc-provider): RS256, PKCE, renewal and sign-out."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from playwright.sync_api import Page, Request, expect

from tests.support.processes import child_environment, free_port
from tests.support.real_provider import AUDIENCE, ORGANIZATION_CLAIM, RealProvider, running_provider
from tests.support.repository import ROOT
from tests.web.conftest import DESKTOP, PHONE
from tests.web.visits import AdminVisit, DemoServer

pytestmark = pytest.mark.browser

SETTINGS = {
    "AUTH_AUDIENCE": AUDIENCE,
    "AUTH_CLAIM_ORGANIZATION": ORGANIZATION_CLAIM,
    "AUTH_CLAIM_ROLES": "realm_access.roles",
    "AUTH_ROLE_PERMISSIONS": '{"manager": ["org_admin"], "clinician": ["staff"]}',
    "AUTH_LEEWAY": "0",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def clinic(provider: RealProvider, demo: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo clinic behind the provider, which issues refresh tokens to a person who consents."""
    with _served(
        provider,
        demo,
        tmp_path_factory.mktemp("clinic"),
        AUTH_CLIENT_ID="admin-ui",
        AUTH_SCOPES="openid offline_access",
        AUTH_REQUEST_PARAMETERS=f"resource={AUDIENCE}&prompt=consent",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def brief_clinic(
    provider: RealProvider, demo: DemoServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoServer]:
    """The demo clinic behind the provider, whose tokens are valid for seconds and cannot be renewed."""
    with _served(
        provider,
        demo,
        tmp_path_factory.mktemp("brief"),
        AUTH_CLIENT_ID="brief",
        AUTH_REQUEST_PARAMETERS=f"resource={AUDIENCE}",
    ) as server:
        yield server


@contextmanager
def _served(provider: RealProvider, demo: DemoServer, folder: Path, **variables: str) -> Iterator[DemoServer]:
    database, address = folder / "clinic.db", f"http://127.0.0.1:{free_port()}"
    with closing(sqlite3.connect(demo.database)) as source, closing(sqlite3.connect(database)) as copy:
        source.backup(copy)
    environment = child_environment(
        DATABASE_URL=f"sqlite:///{database}", AUTH_ISSUER=provider.issuer, **SETTINGS, **variables
    )
    command = [sys.executable, "-m", "server", "serve", "--port", str(urlsplit(address).port)]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log) as server,
    ):
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as http:  # until the server listens
                http.get(f"{address}/health").raise_for_status()
            yield DemoServer([f"{address}/#"], database)
        finally:
            server.terminate()


@pytest.fixture(autouse=True)
def without_the_fonts_of_the_provider(page: Page) -> None:
    page.context.route("https://fonts.googleapis.com/**", lambda route: route.fulfill(content_type="text/css", body=""))


@pytest.fixture
def admin(page: Page, clinic: DemoServer) -> AdminVisit:
    return AdminVisit(page, clinic.links, server=clinic)


def sign_in(page: Page, name: str) -> None:
    """Sign in at the provider's pages, and consent if it asks."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("of the tests")
    page.get_by_role("button", name="Sign-in").click()
    consent(page)


def consent(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def expect_groups(page: Page, name: str = "Day Program") -> None:
    expect(page.get_by_role("row", name=re.compile(f"^{name}"))).to_be_visible()


def bearer(request: Request) -> str:
    return request.headers["authorization"].removeprefix("Bearer ")


def test_opening_a_screen_leads_to_the_provider_and_back(
    admin: AdminVisit, clinic: DemoServer, provider: RealProvider
) -> None:
    page = admin.page
    tokens: set[str] = set()
    page.on("request", lambda request: tokens.add(bearer(request)) if request.url.endswith("/graphql") else None)
    page.goto(f"{clinic.address}/groups?search=grief#token=a.b.c")
    sign_in(page, "manager")
    expect_groups(page, "Grief and Loss")
    expect(page).to_have_url(f"{clinic.address}/groups?search=grief")
    expect(page.get_by_role("link", name="New Group")).to_be_visible()
    [token] = tokens
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    [authorization] = [parse_qs(urlsplit(url).query) for url in admin.requested if "/auth?" in url]
    assert authorization["code_challenge_method"] == ["S256"]
    assert authorization["response_type"] == ["code"]
    assert "sign-in" not in admin.stored()
    assert token not in admin.stored()
    assert token not in page.content()
    hosts = {urlsplit(url).netloc for url in admin.requested if url.startswith("http")}
    assert hosts - {"fonts.googleapis.com"} == {  # a font of the provider's own page
        urlsplit(address).netloc for address in (clinic.address, provider.issuer)
    }
    page.reload()
    consent(page)
    expect_groups(page, "Grief and Loss")
    assert admin.complaints == []


def test_a_role_of_the_provider_gives_the_keys_it_is_mapped_to(admin: AdminVisit, clinic: DemoServer) -> None:
    page = admin.page
    page.goto(clinic.address)
    sign_in(page, "clinician")
    expect(page.get_by_role("button", name="Account: clinician")).to_be_visible()
    page.goto(f"{clinic.address}/groups")
    consent(page)
    expect_groups(page)
    expect(page.get_by_role("link", name="New Group")).to_be_hidden()


def test_a_token_is_renewed_while_a_form_is_being_filled_in(admin: AdminVisit, clinic: DemoServer) -> None:
    page = admin.page
    page.clock.install()
    page.goto(f"{clinic.address}/groups/new")
    sign_in(page, "manager")
    page.get_by_role("textbox", name="Name").fill("Renewed while typing")
    with page.expect_request(lambda request: request.url.endswith("/token")) as renewal:
        page.clock.fast_forward("09:01")
    assert parse_qs(renewal.value.post_data or "")["grant_type"] == ["refresh_token"]
    renewed = renewal.value.response()
    assert renewed is not None
    token = renewed.json()["access_token"]
    with page.expect_request(lambda request: request.url.endswith("/graphql") and bearer(request) == token):
        page.get_by_role("combobox", name="Facilitator", exact=True).fill("re")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Renewed while typing")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert token not in admin.stored()


def test_a_form_survives_its_session_and_new_keys_of_the_provider(
    page: Page, brief_clinic: DemoServer, provider: RealProvider
) -> None:
    admin = AdminVisit(page, brief_clinic.links, server=brief_clinic)
    with page.expect_request(lambda request: request.url.endswith("/graphql")) as first:
        page.goto(f"{brief_clinic.address}/groups")
        sign_in(page, "manager")
    page.get_by_role("row", name=re.compile("^Grief and Loss")).get_by_role("link").first.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("textbox", name="Name").fill("Grief and Loss, renamed")
    provider.rotate()
    expires = jwt.decode(bearer(first.value), options={"verify_signature": False})["exp"]
    page.wait_for_function("expires => Date.now() / 1000 > expires", arg=expires)
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_contain_text("The token has expired.")
    admin.assert_accessible()
    with page.expect_popup() as cancelled:
        dialog.get_by_role("button", name="Sign in").click()
    cancelled.value.get_by_role("link", name="Cancel").click()
    expect(dialog.get_by_role("alert").filter(has_text="The identity provider says: ")).to_be_visible()
    admin.assert_accessible()
    with page.expect_popup() as opened:
        dialog.get_by_role("button", name="Sign in").click()
    sign_in(opened.value, "manager")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Grief and Loss, renamed")).to_be_visible()
    expect_closed(cancelled.value, opened.value)
    assert admin.stored_rows("SELECT count(*) FROM pm_group_definitions WHERE name = 'Grief and Loss, renamed'") == [
        (1,)
    ]


def expect_closed(*windows: Page) -> None:
    for window in windows:
        if not window.is_closed():
            window.wait_for_event("close")


def test_signing_out_ends_the_session_at_the_provider_too(admin: AdminVisit, clinic: DemoServer) -> None:
    page = admin.page
    page.goto(f"{clinic.address}/groups/new")
    sign_in(page, "manager")
    page.get_by_role("textbox", name="Name").fill("Not saved")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    question = page.get_by_role("dialog", name="Discard what you typed?")
    question.get_by_role("button", name="Keep editing").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Not saved")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    with page.expect_request(lambda request: request.url.endswith("/token/revocation")):
        question.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()
    expect(page).to_have_url(f"{clinic.address}/")
    admin.assert_accessible()
    page.get_by_role("button", name="Sign in").click()
    sign_in(page, "clinician")
    expect(page.get_by_role("button", name="Account: clinician")).to_be_visible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_token_without_organization_or_permissions_is_explained(admin: AdminVisit, clinic: DemoServer) -> None:
    page = admin.page
    page.goto(clinic.address)
    sign_in(page, "stranger")
    expect(page.get_by_role("heading", name="You cannot be signed in here")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(f"The token's claim {ORGANIZATION_CLAIM} is missing.")
    admin.assert_accessible()
    page.get_by_role("button", name="Sign in as somebody else").click()
    sign_in(page, "guest")
    expect(page.get_by_role("heading", name="You have no permissions here")).to_be_visible()
    words = "permissions in the claim permissions of your sign-in, and for roles in the claim realm_access.roles."
    expect(page.get_by_role("alert")).to_contain_text(words)
    admin.assert_accessible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="You have signed out")).to_be_visible()


def test_a_provider_that_cannot_be_reached_is_explained(admin: AdminVisit, clinic: DemoServer) -> None:
    page = admin.page
    page.route("**/.well-known/openid-configuration", lambda route: route.abort(), times=1)
    page.goto(f"{clinic.address}/groups")
    expect(page.get_by_role("alert")).to_contain_text("The identity provider cannot be reached.")
    admin.assert_accessible()
    page.get_by_role("button", name="Sign in").click()
    sign_in(page, "manager")
    expect_groups(page)

"""The frame of the admin UI: sign-in, the session, the connection, permissions, and the files that it loads."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from resolvers.caller import PermissionKey
from tests.support.prefix_proxy import prefix_proxy
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

FIRST_LOAD_LIMIT_BYTES = 300_000


def expect_groups(page: Page) -> None:
    expect(page.get_by_role("heading", name="Group Sessions")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Day Program"))).to_be_visible()


def test_a_link_opens_the_ui_signed_in(admin: AdminVisit) -> None:
    admin.page.goto(admin.links[0])
    expect(admin.page.get_by_role("heading", name="Today", level=1)).to_be_visible()
    expect(admin.page).to_have_url(f"{admin.server.address}/today")
    admin.page.get_by_role("button", name="Account: demo-administrator").click()
    expect(admin.page.get_by_text("demo-clinic")).to_be_visible()
    assert admin.complaints == []


def test_the_token_stays_in_memory_and_requests_go_to_one_host(admin: AdminVisit) -> None:
    admin.open()
    expect_groups(admin.page)
    assert "token" not in admin.page.url
    assert admin.token not in admin.stored()
    assert admin.token not in admin.page.content()
    assert {urlsplit(url).netloc for url in admin.requested if url.startswith("http")} == {
        urlsplit(admin.server.address).netloc
    }
    admin.page.reload()
    expect(admin.page.get_by_label("Token", exact=True)).to_be_visible()
    assert admin.complaints == []


def test_the_first_load_has_at_most_300_kilobytes_of_compressed_scripts(admin: AdminVisit) -> None:
    sizes: dict[str, int] = {}
    admin.page.on(
        "response",
        lambda response: (
            sizes.update({response.url: int(response.headers["content-length"])})
            if response.url.endswith(".js")
            else None
        ),
    )
    admin.open()
    expect_groups(admin.page)
    assert len(sizes) > 2
    assert sum(sizes.values()) <= FIRST_LOAD_LIMIT_BYTES


def test_a_deep_link_opens_its_screen_with_its_filters(admin: AdminVisit) -> None:
    admin.open("/groups?type=IOP&sort=-seats")
    expect(admin.page.get_by_text("2 groups")).to_be_visible()
    expect(admin.page.get_by_role("columnheader", name="Enrolled")).to_have_attribute("aria-sort", "descending")


def test_the_ui_works_behind_a_proxy_that_strips_a_prefix(admin: AdminVisit) -> None:
    with prefix_proxy(admin.server.address, "/clinic/a") as address:
        for path, opened, part in (("/", "/today", "main section"), ("/groups", "/groups", "main table")):
            admin.page.goto("about:blank")
            admin.page.goto(f"{address}{path}#token={admin.token}")
            expect(admin.page.locator(part).first).to_be_visible()
            expect(admin.page).to_have_url(f"{address}{opened}")
        assert all(url.startswith((address, "data:", "about:")) for url in admin.requested)
        assert admin.complaints == []
        admin.page.goto("about:blank")  # before the proxy stops, because the page would retry its requests


def test_developers_get_from_the_ui_to_graphiql_signed_in(admin: AdminVisit) -> None:
    admin.open()
    admin.page.get_by_role("button", name="Account").click()
    with admin.page.context.expect_page() as opened:
        admin.page.get_by_role("button", name="GraphiQL").click()
    graphiql = opened.value
    expect(graphiql.get_by_text("Signed in as")).to_contain_text("demo-administrator")
    assert graphiql.url == f"{admin.server.address}/graphiql"


def test_signing_out_leaves_nothing_of_the_clinic_on_the_page(admin: AdminVisit) -> None:
    admin.open()
    expect_groups(admin.page)
    admin.page.get_by_role("button", name="Account").click()
    admin.page.get_by_role("button", name="Sign out").click()
    expect(admin.page.get_by_label("Token", exact=True)).to_be_visible()
    assert "Day Program" not in admin.page.content()


def test_a_session_that_ends_asks_to_sign_in_and_goes_on(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    expect_groups(page)
    page.route("**/graphql", _refuse_token, times=1)
    page.get_by_label("Search", exact=True).fill("grief")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_contain_text("The token has expired.")
    admin.assert_accessible()
    dialog.get_by_label("Token", exact=True).fill(admin.token)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("1 group", exact=True)).to_be_visible()
    expect(page.get_by_label("Search", exact=True)).to_have_value("grief")


def test_nothing_of_one_person_is_left_if_another_signs_in_again(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/groups?search=grief")
    expect(page.get_by_role("button", name="Account: demo-administrator")).to_be_visible()
    page.route("**/graphql", _refuse_token, times=1)
    page.get_by_label("Search", exact=True).fill("day")
    page.get_by_role("dialog").get_by_label("Token", exact=True).fill(
        demo_token(PermissionKey.GROUP_SCHEDULE_VIEW, subject="other")
    )
    page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Account: other")).to_be_visible()
    expect(page.get_by_role("heading", name="You may not see groups")).to_be_visible()
    assert "Grief and Loss" not in page.content()


def _refuse_token(route: Route) -> None:
    error = {"message": "The token has expired.", "extensions": {"code": "UNAUTHENTICATED"}}
    route.fulfill(status=401, content_type="application/json", body=json.dumps({"errors": [error]}))


GRAPHQL = "**/graphql"


def _refuse_stream(route: Route) -> None:
    """Refuse the stream of changes: when it opens, it sends the queries of the page again."""
    if route.request.headers.get("accept") == "text/event-stream":
        route.fulfill(status=503)
    else:
        route.fallback()


@pytest.mark.parametrize("code", ["BUSY", "UNAVAILABLE", None])
def test_a_request_that_failed_for_a_while_is_sent_again(admin: AdminVisit, code: str | None) -> None:
    page = admin.page
    page.route(GRAPHQL, _refuse_stream)
    admin.open()
    expect_groups(page)
    failed: list[str] = []

    def fail(route: Route) -> None:
        if failed or "grief" not in (route.request.post_data or ""):
            route.fallback()
            return
        failed.append("once")
        if code is None:
            route.abort()
        else:
            error = {"message": "Later.", "extensions": {"code": code}}
            route.fulfill(
                status=503 if code == "UNAVAILABLE" else 200,
                content_type="application/json",
                headers={"Retry-After": "30"},
                body=json.dumps({"data": None, "errors": [error]}),
            )

    page.route(GRAPHQL, fail)
    page.get_by_label("Search", exact=True).fill("grief")
    banner = page.get_by_role("alert").filter(has_text="The server is busy or cannot be reached")
    if code is not None:  # without a response the wait is too short to look at it
        expect(banner).to_contain_text(re.compile(r"Trying again in \d+ seconds"))
        admin.assert_accessible()
        banner.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("1 group", exact=True)).to_be_visible()
    expect(banner).to_be_hidden()


def test_a_person_can_stop_retries_and_try_again_later(admin: AdminVisit) -> None:
    page = admin.page
    page.route(GRAPHQL, _refuse_stream)
    admin.open()
    expect_groups(page)
    page.route(GRAPHQL, lambda route: route.fulfill(status=503, headers={"Retry-After": "30"}))
    page.get_by_label("Search", exact=True).fill("grief")
    page.get_by_role("button", name="Stop trying").click()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    admin.assert_accessible()
    page.unroute(GRAPHQL)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 group", exact=True)).to_be_visible()


def test_a_server_that_cannot_be_reached_at_the_start_is_said_without_motion(admin: AdminVisit) -> None:
    page = admin.page
    page.route(GRAPHQL, lambda route: route.fulfill(status=503, headers={"Retry-After": "30"}))
    admin.open()
    expect(page.get_by_text("The server is busy or cannot be reached")).to_be_visible()
    admin.assert_accessible()
    lasting = "document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime > 10).length"
    assert page.evaluate(lasting) == 0
    page.get_by_role("button", name="Stop trying").click()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    page.unroute(GRAPHQL)
    page.get_by_role("button", name="Try again").click()
    expect_groups(page)


def test_a_token_without_permissions_is_explained(admin: AdminVisit) -> None:
    admin.open(token=demo_token())
    expect(admin.page.get_by_role("heading", name="You have no permissions here")).to_be_visible()
    admin.assert_accessible()
    admin.page.get_by_role("button", name="Sign out").click()
    expect(admin.page.get_by_label("Token", exact=True)).to_be_visible()


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_frame_and_its_menus_are_accessible(admin: AdminVisit) -> None:
    page = admin.page
    page.goto(admin.server.address)
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    page.get_by_label("Token", exact=True).fill("not a token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This is not a token.")).to_be_visible()
    admin.assert_accessible()
    admin.open()
    expect_groups(page)
    for name in ("Account", "Activity"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        admin.assert_accessible()
        page.keyboard.press("Escape")


def test_the_first_tab_stop_skips_to_the_page(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    expect_groups(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_the_tab_key_stops_only_at_what_shows_on_a_phone(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    expect_groups(page)
    button, screens = page.get_by_role("button", name="Navigation"), page.get_by_label("Screens", exact=True)
    expect(screens).to_be_hidden()
    button.press("Enter")
    expect(screens.get_by_role("link", name="Closures")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(screens).to_be_hidden()
    expect(button).to_be_focused()


def test_the_color_scheme_is_kept_and_follows_the_system_by_default(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    html = page.locator("html")
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")
    page.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")
    page.get_by_role("button", name="Account").click()
    page.get_by_text("Light", exact=True).click()
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")
    admin.open()
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")

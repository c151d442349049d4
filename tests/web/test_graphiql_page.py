"""The GraphiQL page in a real browser, on the demo clinic."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.prefix_proxy import prefix_proxy
from tests.web.conftest import DESKTOP
from tests.web.visits import FIRST_TAB, GraphiqlVisit, token_of

pytestmark = pytest.mark.browser

QUERY_TABS = [FIRST_TAB, "Roster", "Compliance", "Calendar", "Search"]
MUTATION_TABS = ["CreateGroup", "GenerateSessions", "EnrollPatient", "DisenrollPatient"]
PHONE = pytest.param((390, 844), id="phone")


def test_a_link_signs_in_and_the_first_tab_shows_the_clinic(visit: GraphiqlVisit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    expect(page.get_by_text("Signed in as")).to_contain_text("org_admin")
    page.locator(".graphiql-query-editor .view-lines").click()
    with page.expect_response(lambda response: response.url.endswith("/graphql")) as caught:
        page.keyboard.press("Control+Enter")
    body = json.loads(caught.value.text())
    groups = body["data"]["groupDefinitions"]["nodes"]
    assert "errors" not in body
    assert any(group["occurrences"]["nodes"] for group in groups)
    expect(page.locator(".graphiql-response")).to_contain_text("groupDefinitions")
    expect(page.locator(".graphiql-response")).to_contain_text(groups[0]["name"].replace(" ", "\u00a0"))


def test_the_token_stays_in_memory_and_requests_go_to_one_host(visit: GraphiqlVisit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    visit.open_tab("Compliance")
    assert "errors" not in visit.execute()
    assert "token" not in page.url
    assert visit.token not in visit.stored()
    assert "authorization" not in visit.stored().lower()
    assert not any(visit.token in url for url in visit.requested[1:])  # the first is the link; its # part is not sent
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()
    own_host = urlsplit(visit.links[0]).netloc
    assert {urlsplit(url).netloc for url in visit.requested if not url.startswith(("data:", "blob:"))} == {own_host}
    assert visit.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_every_example_runs_as_delivered(visit: GraphiqlVisit) -> None:
    visit.sign_in_by_link()
    assert visit.tab_titles() == QUERY_TABS + MUTATION_TABS
    for name in QUERY_TABS + MUTATION_TABS:
        visit.open_tab(name)
        body = visit.execute()
        assert "errors" not in body, name
        assert body["data"], name
        for payload in body["data"].values():
            assert payload.get("userErrors", []) == [], name
    assert visit.complaints == []


def test_headers_from_the_headers_pane_are_sent(visit: GraphiqlVisit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    visit.open_tab("EnrollPatient")
    page.get_by_role("button", name="Headers").click()
    page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines").click()
    page.keyboard.insert_text('{"Idempotency-Key": "enroll-once", "Authorization": "Bearer of-nobody"}')
    first, second = visit.send(), visit.send()
    assert first.request.headers["idempotency-key"] == "enroll-once"
    assert first.request.headers["authorization"] == f"Bearer {visit.token}"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.text() == first.text()
    assert "enroll-once" not in visit.stored()


def test_tabs_survive_a_reload_for_the_same_person_only(visit: GraphiqlVisit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    visit.open_tab("Roster")
    page.locator(".graphiql-query-editor .view-lines").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# unfinished work\n")
    visit.wait_until_tabs_hold("unfinished work")
    page.reload()
    visit.sign_in_by_token(visit.token)
    visit.expect_query("unfinished")
    assert visit.tab_titles() == QUERY_TABS + MUTATION_TABS
    page.reload()
    visit.sign_in_by_token(token_of(visit.links[1]))
    visit.expect_query(FIRST_TAB)
    assert "unfinished work" not in visit.stored()


def test_signing_out_removes_the_tabs(visit: GraphiqlVisit) -> None:
    visit.sign_in_by_link()
    visit.wait_until_tabs_hold(FIRST_TAB)
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page.get_by_label("Token")).to_be_visible()
    assert "tabState" not in visit.stored()


def test_the_page_works_behind_a_proxy_that_strips_a_prefix(visit: GraphiqlVisit) -> None:
    server = visit.links[0].partition("/graphiql")[0]
    with prefix_proxy(server, "/clinic") as address:
        for start in ("/graphiql/", "/graphiql"):
            visit.page.goto("about:blank")
            visit.sign_in_by_link(f"{address}{start}#token={visit.token}")
            expect(visit.page).to_have_url(f"{address}/graphiql")
        assert "errors" not in visit.execute()
        assert all(url.startswith((address, "data:", "blob:", "about:")) for url in visit.requested)
    assert visit.complaints == []


def test_scripts_and_styles_travel_compressed(visit: GraphiqlVisit) -> None:
    encodings: dict[str, str | None] = {}
    visit.page.on(
        "response", lambda response: encodings.update({response.url: response.headers.get("content-encoding")})
    )
    visit.sign_in_by_link()
    large = {url: encoding for url, encoding in encodings.items() if re.search(r"/page-[^/]+\.(js|css)$", url)}
    assert len(large) == 2
    assert set(large.values()) == {"gzip"}


def test_the_editor_completes_and_documents_this_api(visit: GraphiqlVisit) -> None:
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


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_the_page_fits_a_phone(visit: GraphiqlVisit) -> None:
    page = visit.page
    visit.sign_in_by_link()
    for locator in (page.locator(".graphiql-query-editor"), page.locator(".graphiql-response")):
        box = locator.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert 300 < box["width"] <= 390
        assert box["height"] > 100
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Documentation Explorer").click()
    explorer = page.locator(".graphiql-doc-explorer").bounding_box()
    assert explorer is not None
    assert 300 < explorer["width"] <= 390


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_every_screen_is_accessible(visit: GraphiqlVisit) -> None:
    visit.page.goto(visit.links[0].partition("#")[0])
    expect(visit.page.get_by_label("Token")).to_be_visible()
    assert visit.violations_outside_of_graphiql() == []
    visit.sign_in_by_token("not a token")
    expect(visit.page.get_by_role("alert")).to_be_visible()
    assert visit.violations_outside_of_graphiql() == []
    visit.sign_in_by_token(visit.token)
    visit.expect_query(FIRST_TAB)
    assert visit.violations_outside_of_graphiql() == []


def test_a_pasted_token_signs_in_and_a_wrong_one_is_refused(visit: GraphiqlVisit) -> None:
    page = visit.page
    page.goto(visit.links[0].partition("#")[0])
    visit.sign_in_by_token("not a token")
    expect(page.get_by_role("alert")).to_contain_text("This is not a token.")
    visit.sign_in_by_token(visit.token[:-4] + "AAAA")
    refusal = page.get_by_role("heading", name="The server no longer accepts this token")
    expect(refusal).to_be_visible()
    visit.sign_in_by_token(f"Bearer {visit.token}")
    expect(refusal).to_be_hidden()
    expect(page.get_by_text("Signed in as")).to_contain_text("org_admin")
    visit.expect_query(FIRST_TAB)
    visit.open_tab("EnrollPatient")
    assert visit.execute()["data"]["enrollPatient"]["userErrors"] == []

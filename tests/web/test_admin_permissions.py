"""What people with few permissions see: each of the twelve keys alone gives a usable page, and staff change nothing."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import demo_token
from tests.web.visits import AdminVisit, token_of

pytestmark = pytest.mark.browser

CHANGES = re.compile(
    r"^(New|Add|Edit|Delete|Enroll|Disenroll|Cancel|Transfer|Move|Reorder|Reinstate|Give|Save|Substitute|Change|Reopen"
    r"|Restore|Reconcile|Generate|Select|Actions|More)\b"
)


def screens(page: Page) -> list[str]:
    """Return the names of the screens in the navigation."""
    navigation = page.get_by_label("Screens")
    expect(navigation).to_contain_text(re.compile(r"\w"))
    return navigation.get_by_role("link").all_inner_texts()


def show(page: Page, screen: str) -> None:
    """Open a screen of the navigation. The one before it stays, heading and all, until the code of this one loads."""
    page.get_by_label("Screens").get_by_role("link", name=screen, exact=True).click()
    expect(page.locator("main").get_by_role("heading", name=screen, exact=True, level=1)).to_be_visible()
    expect_loaded(page)


def show_tab(page: Page, tab: Locator) -> None:
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    expect_loaded(page)


def expect_loaded(page: Page) -> None:
    """Expect that nothing loads in what the page shows. It says nothing of a screen that has yet to open."""
    expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
    expect(page.locator("[data-loading], [aria-busy=true]")).to_have_count(0)


def open_group(admin: AdminVisit) -> None:
    show(admin.page, "Group Sessions")
    admin.page.get_by_role("row", name=re.compile("^Grief and Loss")).get_by_role("link").first.click()
    expect(admin.page.get_by_role("heading", name="Grief and Loss", level=1)).to_be_visible()


def is_response_to_operation(response: Response) -> bool:
    """Return whether this is the response to a query or mutation. The stream of changes has no end to wait for."""
    return response.url.endswith("/graphql") and "event-stream" not in response.headers.get("content-type", "")


@pytest.mark.parametrize("key", list(PermissionKey), ids=str)
def test_each_key_alone_gives_usable_pages(admin: AdminVisit, key: PermissionKey) -> None:
    page = admin.page
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response) if is_response_to_operation(response) else None)
    admin.open("/", token=demo_token(key))
    expect(page.locator("main").get_by_role("heading", level=1)).to_be_visible()
    names = screens(page)
    for screen in names:
        show(page, screen)
        expect(page.get_by_role("alert")).to_be_hidden()
    if key == PermissionKey.GROUP_DEFINITIONS_VIEW:
        open_group(admin)
        for tab in page.get_by_role("tab").all():
            show_tab(page, tab)
            expect(page.get_by_role("alert")).to_be_hidden()
    if not names:
        expect(page.get_by_text("None of your permissions opens a screen.")).to_be_visible()
        expect(page.get_by_role("heading", name="You may not see groups")).to_be_visible()
        note = page.get_by_label("Permitted, but not offered").get_by_role("listitem").first
        expect(note).to_have_text(
            re.compile(r"^You may .+, but to choose what, you also need pm\.group_\w+\.view.*\.$")
        )
    expect(page.get_by_role("link", name="New Group")).to_have_count(0)
    assert (key.endswith(".view")) == bool(names)
    assert [body for body in (response.text() for response in responses) if "FORBIDDEN" in body] == []
    assert admin.complaints == []


def test_a_screen_says_what_is_permitted_and_cannot_be_offered(admin: AdminVisit) -> None:
    sees, adds = PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_SCHEDULE_CREATE
    admin.open("/week", token=demo_token(sees, adds, PermissionKey.GROUP_ENROLLMENTS_CREATE))
    note = admin.page.get_by_label("Permitted, but not offered").get_by_role("listitem")
    sessions = "You may add and generate sessions, but to choose what, you also need pm.group_definitions.view."
    expect(note).to_have_text([sessions])
    admin.page.get_by_label("Screens").get_by_role("link", name="Today").click()
    patients = "pm.group_definitions.view and pm.group_enrollments.view."
    expect(note).to_have_text([sessions, re.compile(f"^You may enroll patients, .+ {patients}$")])
    admin.open("/week", token=demo_token(sees, adds, PermissionKey.GROUP_DEFINITIONS_VIEW))
    expect(admin.page.locator("tbody tr").first).to_be_visible()
    expect(note).to_have_count(0)
    admin.assert_accessible()


def changes_offered(admin: AdminVisit) -> set[str]:
    """Return the names of what a page offers to change things with, on all screens and on all tabs of a group."""
    page = admin.page
    offered: set[str] = set()

    def note() -> None:
        for control in page.locator("main").locator("button, a, [role=button], [role=menuitem]").all():
            name = control.get_attribute("aria-label") or control.inner_text().strip()
            if CHANGES.match(name):
                offered.add(name.split()[0])

    for screen in screens(page):
        show(page, screen)
        note()
    open_group(admin)
    for tab in page.get_by_role("tab").all():
        show_tab(page, tab)
        note()
    return offered


def test_staff_are_offered_no_change(admin: AdminVisit) -> None:
    admin.open("/")
    assert changes_offered(admin) >= {"New", "Add", "Edit", "Enroll", "Disenroll"}
    admin.open("/", token=token_of(admin.links[1]))
    assert changes_offered(admin) == set()


def test_the_address_of_a_dialog_offers_staff_no_form(admin: AdminVisit) -> None:
    page = admin.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    group = admin.group_id("Grief and Loss")
    [(session, seat)] = admin.stored_rows(
        "SELECT (SELECT id FROM pm_group_schedule WHERE group_definition_id = g.id AND status = 'SCHEDULED' LIMIT 1),"
        " (SELECT id FROM pm_group_enrollments WHERE group_definition_id = g.id AND status = 'ENROLLED' LIMIT 1)"
        " FROM pm_group_definitions g WHERE id = ?",
        group,
    )
    for address in (
        f"/groups/{group}?dialog=enroll",
        f"/groups/{group}?dialog=disenroll&enrollment={UUID(seat)}",
        f"/groups/{group}?tab=schedule&dialog=cancel-sessions",
        f"/groups/{group}?tab=schedule&dialog=edit-session&session={UUID(session)}",
        "/closures?dialog=add",
    ):
        admin.open(address, token=token_of(admin.links[1]))
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name="You may not see this form")).to_be_visible()
        expect(dialog.locator("form")).to_have_count(0)
    admin.assert_accessible()
    assert [document for document in sent if "mutation" in document] == []  # a dry run is one, too
    assert admin.complaints == []

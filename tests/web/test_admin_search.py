"""The search of the admin UI, which Ctrl-K opens from everywhere."""

import re

import pytest
from playwright.sync_api import Locator, Route, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser


def search(admin: AdminVisit) -> Locator:
    return admin.page.get_by_role("dialog", name="Search everything")


def options(admin: AdminVisit, section: str) -> Locator:
    return search(admin).get_by_role("group", name=section).get_by_role("option")


def test_the_keyboard_alone_finds_and_opens_a_group_and_a_patient(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/closures")
    expect(page.get_by_role("heading", name="Closures", level=1)).to_be_visible()
    loading: list[Route] = []

    def hold(route: Route) -> None:
        loading.append(route)

    page.route("**/assets/SearchPanel*", hold)
    page.keyboard.press("Control+k")
    early = search(admin).get_by_role("textbox", name="Search everything")
    expect(early).to_be_focused()
    page.keyboard.type("grief")  # before the code of the search has loaded
    expect(early).to_have_value("grief")
    admin.assert_accessible()
    for route in loading:
        route.continue_()
    page.unroute("**/assets/SearchPanel*")
    field = search(admin).get_by_role("combobox")
    expect(field).to_be_focused()
    expect(field).to_have_value("grief")
    admin.assert_accessible()
    expect(options(admin, "Groups")).to_have_count(1)
    expect(search(admin).get_by_role("status")).to_have_text("1 result")
    page.keyboard.press("Enter")
    expect(search(admin)).to_be_hidden()
    expect(page.get_by_role("heading", name=FULL_GROUP, level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()

    [(name, number)] = admin.stored_rows(
        "SELECT display_name, medical_record_number FROM pm_group_patients p WHERE NOT EXISTS"
        " (SELECT 1 FROM pm_group_enrollments e WHERE e.patient_id = p.id) LIMIT 1"
    )
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Enter")  # before the server has answered
    drawer = page.get_by_role("dialog", name="Patient")
    expect(drawer.get_by_role("heading", name=name)).to_be_visible()
    expect(drawer).to_contain_text("The patient is in no group")
    admin.assert_accessible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("main")).to_be_focused()
    assert not any(part in url for url in [*admin.requested, page.url] for part in (number, *name.split()))
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_button_finds_by_pointer_and_escape_returns_the_focus(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    button = page.get_by_role("button", name="Search everything")
    button.click()
    page.keyboard.press("Escape")
    expect(search(admin)).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    field = search(admin).get_by_role("combobox")
    field.fill("br")
    expect(options(admin, "Patients: the first 6 of")).to_have_count(6)
    second = options(admin, "Patients").nth(1)
    page.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    admin.assert_accessible()
    name = second.inner_text().split("\n")[0]
    second.click()
    expect(page.get_by_role("dialog", name="Patient").get_by_role("heading", name=name)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    button.click()
    field.fill("no such thing")
    expect(search(admin).get_by_role("status")).to_have_text("Nothing matches")
    admin.assert_accessible()
    assert admin.complaints == []


def test_the_search_offers_only_what_is_permitted(admin: AdminVisit) -> None:
    page = admin.page
    admin.open(token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    page.get_by_role("button", name="Search everything").click()
    expect(options(admin, "Screens")).to_have_text(["Group Sessions"])
    expect(search(admin).get_by_role("group", name="Actions")).to_have_count(0)
    search(admin).get_by_role("combobox").fill("br")
    expect(options(admin, "Staff")).to_have_count(3)
    expect(search(admin).get_by_role("group", name="Patients")).to_have_count(0)
    admin.open(token=demo_token(PermissionKey.GROUP_ENROLLMENTS_VIEW))
    page.get_by_role("button", name="Search everything").click()
    search(admin).get_by_role("combobox").fill("br")
    expect(options(admin, "Patients")).to_have_count(6)
    expect(search(admin).get_by_role("group", name="Staff")).to_have_count(0)
    assert admin.complaints == []


def test_a_member_of_staff_leads_to_their_week_or_else_to_their_groups(admin: AdminVisit) -> None:
    page = admin.page
    [(name, group)] = admin.stored_rows(
        "SELECT s.display_name, d.name FROM pm_group_staff_members s JOIN pm_group_definitions d"
        " ON d.facilitator_id = s.id WHERE s.id = 'staff-05'"
    )
    admin.open("/groups")
    expect(page.get_by_role("heading", name="Group Sessions", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    expect(search(admin).get_by_role("combobox")).to_be_focused()
    page.keyboard.type(name)
    expect(options(admin, "Staff")).to_have_count(1)
    while options(admin, "Staff").get_attribute("aria-selected") == "false":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/week\?only=staff%3Astaff-05$"))
    expect(page.get_by_role("heading", name="Week", level=1)).to_be_visible()
    expect(page.get_by_text(name).locator("visible=true").first).to_be_visible()

    admin.open("/groups", token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    page.get_by_role("button", name="Search everything").click()
    search(admin).get_by_role("combobox").fill(name)
    options(admin, "Staff").click()
    expect(page).to_have_url(re.compile(r"/groups\?facilitator=(staff%3A)?staff-05$"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name=group)).to_be_visible()
    assert admin.complaints == []

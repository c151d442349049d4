"""The Schedule tab of a group's page in the admin UI: its lists, and a session by its address."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser
CLOSED_GROUP = "Morning Check-In"
"""It meets every day, so its room is closed on some of its days whatever day it is today."""
WEEKLY_GROUP = "Tuesday Process Group"


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_schedule_lists_sessions_from_today_on_and_past_ones(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(WEEKLY_GROUP)
    admin.open(f"/groups/{group}?tab=schedule")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.locator("tbody tr").last).to_contain_text("Scheduled")  # the first may be today, and over
    expect(sessions).to_contain_text("The facilitator is at a conference")
    admin.assert_accessible()
    page.get_by_text("Past", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?tab=schedule&when=past$"))
    expect(sessions).to_contain_text("The facilitator was ill")
    expect(sessions.locator("tbody tr").first).to_contain_text("Not documented")
    stored = admin.stored_rows(
        "SELECT session_date FROM pm_group_schedule WHERE group_definition_id = ? AND session_date < ?",
        group,
        today().isoformat(),
    )
    expect(sessions.locator("tbody tr")).to_have_count(len(stored))
    admin.assert_accessible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_session_opens_by_its_address_and_gives_the_focus_back(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(CLOSED_GROUP)
    admin.open(f"/groups/{group}?tab=schedule")
    row = page.get_by_role("row").filter(has_text="1 conflict").first
    row.get_by_role("link").press("Enter")
    dialog = page.get_by_role("dialog", name="Session")
    expect(dialog).to_contain_text("its location is closed")
    expect(dialog).to_contain_text("9 patients expected")
    expect(dialog.get_by_role("listitem")).to_have_count(9)
    admin.assert_accessible()
    expect(page).to_have_url(re.compile("session="))
    opened = page.url.removeprefix(admin.server.address)
    dialog.get_by_role("listitem").first.get_by_role("link").press("Enter")
    expect(page.get_by_role("dialog", name="Patient")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Patient")).to_be_hidden()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(row.get_by_role("link")).to_be_focused()
    admin.open(opened)
    expect(dialog).to_contain_text("9 patients expected")
    page.go_back()
    admin.open(opened.replace("session=", "session=00000000-0000-7000-8000-000000000000&not="))
    expect(dialog).to_contain_text("There is no such session")
    admin.assert_accessible()
    assert admin.complaints == []


def test_who_may_not_see_patients_sees_how_many_are_expected(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(CLOSED_GROUP)
    keys = (PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_SCHEDULE_VIEW)
    admin.open(f"/groups/{group}?tab=schedule", token=demo_token(*keys))
    page.get_by_role("region", name="Sessions").get_by_role("link").first.click()
    dialog = page.get_by_role("dialog", name="Session")
    expect(dialog).to_contain_text("9 patients expected")
    expect(dialog).to_contain_text("that needs pm.group_enrollments.view")
    expect(dialog.get_by_role("listitem")).to_have_count(0)
    admin.open(f"/groups/{group}?tab=schedule", token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    expect(page.get_by_role("heading", name="You may not see schedules")).to_be_visible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_two_years_of_sessions_show_a_page_at_a_time(admin: AdminVisit) -> None:
    page = admin.page
    group = years_of_sessions(admin)
    admin.open(f"/groups/{group}?tab=schedule")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions).to_contain_text("365 sessions")
    expect(sessions.locator("tbody tr")).to_have_count(25)
    first = sessions.locator("tbody th").first.inner_text()
    assert page.get_by_role("button", name="Earlier sessions").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Later sessions").press("Enter")
    expect(page).to_have_url(re.compile("&after="))
    expect(sessions.locator("tbody th").first).not_to_have_text(first)
    expect(page.get_by_role("button", name="Later sessions")).to_be_focused()
    admin.assert_accessible()
    page.get_by_role("button", name="Earlier sessions").click()
    expect(sessions.locator("tbody th").first).to_have_text(first, use_inner_text=True)
    page.get_by_text("Past", exact=True).click()
    expect(sessions).to_contain_text("365 sessions")
    expect(sessions.locator("tbody tr")).to_have_count(25)
    assert admin.complaints == []


def years_of_sessions(admin: AdminVisit) -> str:
    """Return the id of a group with a session on each open day of the year before and of the year from today on."""
    name = "Two Years"
    query = "query($filter: GroupDefinitionFilter) { groupDefinitions(filter: $filter) { nodes { id } } }"
    if existing := admin.send(query, filter={"search": name})["groupDefinitions"]["nodes"]:
        return str(existing[0]["id"])
    create = (
        "mutation($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input)"
        " { groupDefinition { id } userErrors { message } } }"
    )
    first, last = today() - timedelta(days=365), today() + timedelta(days=365)
    group = {
        "name": name,
        "groupType": "SUPPORT",
        "facilitatorId": "staff-12",
        "maxCapacity": 10,
        "durationMinutes": 30,
        "timeZone": "America/Phoenix",
        "recurrence": {"rule": "FREQ=DAILY", "startDate": first.isoformat(), "startTime": "06:00:00"},
    }
    created = str(admin.send(create, input=group)["createGroupDefinition"]["groupDefinition"]["id"])
    generate = "mutation($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) { createdCount } }"
    window = {"groupDefinitionId": created, "from": first.isoformat(), "through": last.isoformat()}
    admin.send(generate, input=window)
    return created

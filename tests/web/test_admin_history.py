"""The History tab of the admin UI: who changed what and when, in words."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

GROUP, LONG = "Recovery Alumni Meeting", "Understanding Anxiety"
UPDATE = (
    "mutation($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) { userErrors { code } } }"
)


def update(admin: AdminVisit, group: str, **changes: Any) -> None:
    """Change the group as a member of staff does in another program."""
    token = demo_token(*PermissionKey, subject="staff-05")
    response = httpx.post(
        f"{admin.server.address}/graphql",
        json={"query": UPDATE, "variables": {"input": {"id": group, **changes}}},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert response.json()["data"]["updateGroupDefinition"]["userErrors"] == []


def name_of(admin: AdminVisit, staff_id: str) -> str:
    [(name,)] = admin.stored_rows("SELECT display_name FROM pm_group_staff_members WHERE id = ?", staff_id)
    return str(name)


def entries(admin: AdminVisit) -> Locator:
    return admin.page.get_by_role("tabpanel").locator("ol > li")


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_history_says_who_changed_what_and_when_in_words(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(GROUP)
    [(facilitator, seats)] = admin.stored_rows(
        "SELECT facilitator_id, max_capacity FROM pm_group_definitions WHERE id = ?", group
    )
    other, days, weekday = (
        ("staff-07", "MO,WE", "Wednesday") if facilitator == "staff-10" else ("staff-10", "MO,TH", "Thursday")
    )
    recurrence = {"rule": f"FREQ=WEEKLY;BYDAY={days}", "startDate": "2026-11-02", "startTime": f"18:{seats}"}
    update(admin, group, facilitatorId=other, maxCapacity=seats + 1, recurrence=recurrence)
    admin.open(f"/groups/{group}")
    page.get_by_role("tab", name="History").click()
    expect(page).to_have_url(re.compile(r"\?tab=history$"))
    newest, created = entries(admin).first, entries(admin).last
    expect(newest).to_contain_text("Group changed")
    expect(newest).to_contain_text(f"by {name_of(admin, 'staff-05')}")
    for words in (
        f"Facilitatorfrom {name_of(admin, facilitator)} to {name_of(admin, other)}",
        f"Seatsfrom {seats} to {seats + 1}",
        f"to Weekly on Monday and {weekday}",
        f"to 6:{seats} PM",
    ):
        expect(newest).to_contain_text(words)
    [(at,)] = admin.stored_rows("SELECT at FROM pm_group_audit_log WHERE entity_id = ? ORDER BY id DESC LIMIT 1", group)
    moment = datetime.fromisoformat(at).astimezone(ZoneInfo("America/Phoenix"))
    expect(newest.locator("time")).to_contain_text(f"{moment:%I:%M %p}".lstrip("0"))
    expect(page.get_by_role("heading", name=f"{moment:%b} {moment.day}, {moment.year}")).to_be_visible()
    expect(created).to_contain_text("Group created")
    expect(created).to_contain_text("by demo-administrator (you)")
    created.get_by_text("What was entered").click()
    expect(created.get_by_text("Every 2 weeks on Wednesday")).to_be_visible()
    expect(created.get_by_text("Support", exact=True)).to_be_visible()
    text = page.get_by_role("tabpanel").inner_text()
    assert not re.search(r"staff-\d|FREQ=|\{|null|[A-Z]+_[A-Z]+", text)
    admin.assert_accessible()
    assert admin.complaints == []


def test_a_long_history_has_pages(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(LONG)
    for step in range(51):
        update(admin, group, minCapacity=1 + step % 2)
    [(total,)] = admin.stored_rows("SELECT count(*) FROM pm_group_audit_log WHERE entity_id = ?", group)
    admin.open(f"/groups/{group}?tab=history")
    expect(entries(admin)).to_have_count(50)
    pages = page.get_by_role("group", name="Pages")
    expect(pages).to_contain_text(f"1 to 50 of {total}")
    pages.get_by_role("button", name="Older").click()
    expect(pages).to_contain_text(f"51 to {total} of {total}")
    expect(entries(admin)).to_have_count(total - 50)
    expect(entries(admin).last).to_contain_text("Group created")
    pages.get_by_role("button", name="Newer").click()
    expect(entries(admin)).to_have_count(50)
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_an_enrollment_has_its_history_in_its_row(admin: AdminVisit) -> None:
    page = admin.page
    viewer = demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_ENROLLMENTS_VIEW)
    group = admin.group_id(FULL_GROUP)
    admin.open(f"/groups/{group}?tab=history", token=viewer)
    page.get_by_role("link", name="enrollment", exact=True).click()
    past = page.get_by_role("region", name="Past enrollments")
    name = past.locator("tbody th a").first.inner_text()
    button = past.get_by_role("button", name=f"History of {name}")
    button.click()
    dialog = page.get_by_role("dialog", name="History of an enrollment")
    expect(dialog).to_contain_text(name)
    expect(dialog.locator("ol > li").first).to_contain_text("Disenrolled")
    expect(dialog.locator("ol > li").last).to_contain_text("Enrolled in a seat")
    admin.assert_accessible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    assert admin.complaints == []

"""The list of groups in the admin UI: by facilitator, in pages, and with deleted and restored groups."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, open_group, stored_waitlist
from tests.web.test_admin_groups import _create_groups, expect_count, names
from tests.web.test_admin_transfer import short
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser


def scheduled(admin: AdminVisit, group: str) -> int:
    """Return how many scheduled sessions of the group have not begun."""
    [(count,)] = admin.stored_rows(
        "SELECT count(*) FROM pm_group_schedule WHERE group_definition_id = ? AND status = 'SCHEDULED'"
        " AND starts_at > datetime('now')",
        group,
    )
    return int(count)


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_groups_are_filtered_by_who_leads_them(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    field = page.get_by_role("combobox", name="Facilitator")
    field.fill("bramdale")
    page.get_by_role("option", name=re.compile("Kaya Bramdale")).click()
    expect_count(admin, r"\d groups?")
    shown = names(admin)
    assert "Evening Intensive Outpatient" in shown
    assert FULL_GROUP not in shown
    expect(page).to_have_url(re.compile(r"/groups\?facilitator=staff(:|%3A)staff-02$"))
    admin.assert_accessible()
    admin.open("/groups?facilitator=staff:staff-02")
    expect(field).to_have_value(re.compile("Kaya Bramdale"))
    expect_count(admin, r"\d groups?")
    assert names(admin) == shown
    page.get_by_label("Clear the facilitator").click()
    expect(page.get_by_role("link", name=FULL_GROUP)).to_be_visible()
    assert admin.complaints == []


def test_groups_of_staff_who_have_left_are_found(admin: AdminVisit) -> None:
    page = admin.page
    [(inactive,)] = admin.stored_rows("SELECT display_name FROM pm_group_staff_members WHERE NOT active")
    admin.open()
    page.get_by_role("combobox", name="Facilitator").fill(inactive)
    option = page.get_by_role("option", name=re.compile(inactive))
    expect(option).to_contain_text("does not work here at present")
    option.click()
    expect(page.get_by_role("heading", name="No group matches")).to_be_visible()
    expect(page).to_have_url(re.compile("facilitator="))


def test_more_than_200_groups_come_in_pages_that_keep_the_filters(admin: AdminVisit) -> None:
    page = admin.page
    _create_groups(admin, 205)
    admin.open("/groups?search=group&sort=-name")
    expect(page.locator("tbody tr")).to_have_count(200)
    first_page = names(admin)
    expect(page.get_by_role("group", name="Pages")).to_contain_text(re.compile(r"1 to 200 of 20\d"))
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("group", name="Pages")).to_contain_text(re.compile(r"201 to 20\d of 20\d"))
    rest = names(admin)
    assert [*first_page, *rest] == sorted([*first_page, *rest], reverse=True)
    expect(page.get_by_label("Search", exact=True)).to_have_value("group")
    admin.open(page.evaluate("location.pathname + location.search"))
    expect(page.get_by_role("group", name="Pages")).to_contain_text(re.compile(r"201 to 20\d of 20\d"))
    assert names(admin) == rest
    admin.assert_accessible()
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("tbody tr")).to_have_count(200)
    assert names(admin) == first_page
    assert admin.complaints == []


@pytest.mark.parametrize(("page", "cancels"), [(DESKTOP, True), (PHONE, False)], indirect=["page"])
def test_a_group_is_deleted_and_restored(admin: AdminVisit, *, cancels: bool) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    waiting, sessions = stored_waitlist(admin, group), scheduled(admin, group)
    page.get_by_role("button", name="More for this group").click()
    page.get_by_role("menuitem", name="Delete the group").click()
    dialog = page.get_by_role("dialog", name="Delete the group")
    expect(dialog).to_contain_text(f"8 patients with a seat, {len(waiting)} waiting")
    if cancels:
        dialog.get_by_role("checkbox", name=re.compile(r"Also cancel its \d+ scheduled sessions")).check()
        dialog.get_by_role("button", name="Delete and cancel sessions").click()
        expect(dialog.get_by_text("Say why the sessions are cancelled.")).to_be_visible()
        admin.assert_accessible()
        dialog.get_by_label("Reason for cancelling").fill("The group ends")
        dialog.get_by_role("button", name="Delete and cancel sessions").click()
    else:
        admin.assert_accessible()
        dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(admin.toast(f"{FULL_GROUP} was deleted.")).to_be_visible()
    expect(page.get_by_text("Deleted", exact=True)).to_be_visible()
    if cancels:
        expect(admin.toast(re.compile(rf"\d+ sessions of {FULL_GROUP} were cancelled."))).to_be_visible()
        assert scheduled(admin, group) == 0 < sessions
    assert stored_waitlist(admin, group) == waiting
    expect_only_what_a_deleted_group_accepts(admin, waiting[0])

    seated = admin.stored_rows(
        "SELECT id FROM pm_group_enrollments WHERE group_definition_id = ? AND status = 'ENROLLED' LIMIT 1", group
    )[0][0]
    remove = "mutation($input: RemoveEnrollmentInput!) { removeEnrollment(input: $input) { userErrors { code } } }"
    admin.send(remove, input={"enrollmentId": str(UUID(seated))})
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_role("button", name="Restore").click()
    dialog = page.get_by_role("dialog", name="Restore the group")
    expect(dialog).to_contain_text("1 free seat goes to the first of")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(admin.toast(f"{FULL_GROUP} was restored.")).to_be_visible()
    expect(admin.toast(f"{short(waiting[0])} moved from the waitlist to a seat.")).to_be_visible()
    assert stored_waitlist(admin, group) == waiting[1:]
    assert admin.stored_rows("SELECT deleted_at FROM pm_group_definitions WHERE id = ?", group) == [(None,)]
    assert admin.complaints == []


def expect_only_what_a_deleted_group_accepts(admin: AdminVisit, waiting: str) -> None:
    """Expect a sentence on what a deleted group refuses, and none of it among the controls of its tabs."""
    page = admin.page
    refused = re.compile(r"^(Edit|Enroll|Reinstate|Move|Drag|Give|Change|Add|Generate|Substitute|Reopen|Preview)\b")
    expect(page.get_by_role("alert")).to_contain_text("This group is deleted")
    expect(page.get_by_role("button", name=refused)).to_have_count(0)
    expect(page.get_by_role("link", name=refused)).to_have_count(0)
    page.get_by_role("button", name=f"More for {waiting}").click()
    expect(page.get_by_role("menuitem")).to_have_text(
        ["Take off the waitlist …", "Transfer to another group …", "Remove, made in error …"]
    )
    page.get_by_role("menuitem").first.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    admin.assert_accessible()
    page.get_by_role("tab", name="Schedule").click()
    expect(page.get_by_role("button", name="Cancel sessions")).to_be_visible()
    expect(page.get_by_role("button", name=refused)).to_have_count(0)
    page.get_by_role("tab", name="Enrollments").click()
    expect(page.get_by_role("region", name="Seats")).to_be_visible()


def test_deleting_is_offered_only_to_who_may_and_cancelling_too(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(FULL_GROUP)
    admin.open(f"/groups/{group}", token=admin.links[1].partition("#token=")[2])
    expect(page.get_by_role("heading", name=FULL_GROUP)).to_be_visible()
    expect(page.get_by_role("button", name="More for this group")).to_have_count(0)
    keys = (PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_DEFINITIONS_DELETE)
    admin.open(f"/groups/{group}?dialog=delete", token=demo_token(*keys))
    dialog = page.get_by_role("dialog", name="Delete the group")
    expect(dialog).to_contain_text("Cancelling them needs pm.group_schedule.delete.")
    expect(dialog.get_by_role("checkbox")).to_have_count(0)
    admin.assert_accessible()

"""Closures in the admin UI."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser


def stored(admin: AdminVisit, name: str) -> list[tuple[Any, ...]]:
    return admin.stored_rows(
        "SELECT from_date, through_date, location_id IS NULL, deleted_at IS NULL FROM pm_group_closures WHERE name = ?",
        name,
    )


def busy_day(admin: AdminVisit) -> tuple[date, int]:
    """Return a day of the week after next or later, and the number of the sessions that are scheduled on it."""
    [(day, sessions)] = admin.stored_rows(
        "SELECT session_date, count(*) FROM pm_group_schedule WHERE status = 'SCHEDULED'"
        " AND session_date > ? GROUP BY session_date HAVING count(*) > 1 ORDER BY session_date LIMIT 1",
        (today() + timedelta(days=14)).isoformat(),
    )
    return date.fromisoformat(day), sessions


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_closure_is_added_edited_and_deleted(admin: AdminVisit) -> None:
    page = admin.page
    name = "Snow on the phone" if page.viewport_size == {"width": 360, "height": 740} else "Snow day"
    first_day, sessions = busy_day(admin)
    admin.open("/closures")
    page.get_by_role("button", name="Add a closure").click()
    dialog = page.get_by_role("dialog", name="Add a closure")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_text("Say why it is closed.")).to_be_visible()
    admin.assert_accessible()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("First day").fill(first_day.isoformat())
    expect(dialog.get_by_label("Last day")).to_have_value(first_day.isoformat())
    expect(dialog.get_by_role("status")).to_contain_text(f"{sessions} sessions on these days stay scheduled")
    admin.assert_accessible()
    assert stored(admin, name) == []
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(admin.toast(f"{name} was added. {sessions} sessions on its days stay scheduled.")).to_be_visible()
    assert stored(admin, name) == [(first_day.isoformat(), first_day.isoformat(), 1, 1)]

    row = page.get_by_role("row", name=name)
    expect(row).to_contain_text("Whole organization")
    row.get_by_role("button", name=f"Edit {name}").click()
    dialog = page.get_by_role("dialog", name="Edit a closure")
    last_day = first_day + timedelta(days=1)
    dialog.get_by_label("Last day").fill(last_day.isoformat())
    dialog.get_by_role("combobox", name="What is closed").fill("Ocotillo")
    dialog.get_by_role("option", name="Saguaro House (Demo), Ocotillo Hall").click()
    dialog.get_by_role("button", name="Save").click()
    expect(admin.toast(f"{name} was saved.")).to_be_visible()
    expect(row).to_contain_text("Saguaro House (Demo), Ocotillo Hall")
    assert stored(admin, name) == [(first_day.isoformat(), last_day.isoformat(), 0, 1)]

    row.get_by_role("button", name=f"Delete {name}").click()
    dialog = page.get_by_role("dialog", name="Delete a closure")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Delete").click()
    expect(admin.toast(f"{name} was deleted.")).to_be_visible()
    expect(row).to_be_hidden()
    assert stored(admin, name) == [(first_day.isoformat(), last_day.isoformat(), 0, 0)]
    assert admin.complaints == []


def test_a_closure_leads_to_the_sessions_that_it_hits(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/closures")
    page.get_by_role("button", name="Sessions during Floor repairs").click()
    dialog = page.get_by_role("dialog", name="Floor repairs")
    session = dialog.get_by_role("link").first
    expect(session).to_be_visible()
    admin.assert_accessible()
    group = session.inner_text()
    session.click()
    expect(page.get_by_role("heading", name=group, level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(dialog).to_be_visible()
    page.go_back()
    expect(dialog).to_be_hidden()


def close(admin: AdminVisit, name: str, first: date, last: date) -> str:
    mutation = "mutation($input: CreateClosureInput!) { createClosure(input: $input) { closure { id } } }"
    closure = admin.send(mutation, input={"name": name, "from": str(first), "through": str(last)})
    return str(closure["createClosure"]["closure"]["id"])


def test_a_long_closure_has_all_its_sessions_and_past_ones_have_pages(admin: AdminVisit) -> None:
    page = admin.page
    first, last = today() + timedelta(days=1), today() + timedelta(days=100)
    add = "mutation($input: CreateOccurrenceInput!) { createOccurrence(input: $input) { userErrors { message } } }"
    late = {"groupDefinitionId": admin.group_id("Grief and Loss"), "sessionDate": str(last), "startTime": "09:00"}
    assert admin.send(add, input=late)["createOccurrence"]["userErrors"] == []
    count = "SELECT count(*) FROM pm_group_schedule WHERE status = 'SCHEDULED' AND session_date BETWEEN ? AND ?"
    [(in_all,)] = admin.stored_rows(count, str(first), str(last))
    [(of_one_request,)] = admin.stored_rows(count, str(first), str(first + timedelta(days=61)))
    assert in_all > of_one_request
    closure = close(admin, "Long repairs", first, last)
    for days in range(1, 22):
        close(admin, f"Day off {days:02}", today() - timedelta(days=days), today() - timedelta(days=days))
    try:
        admin.open("/closures")
        page.get_by_role("button", name="Sessions during Long repairs").click()
        dialog = page.get_by_role("dialog", name="Long repairs")
        expect(dialog).to_contain_text(f"{in_all} sessions on these days stay scheduled")
        page.keyboard.press("Escape")
        past = page.get_by_role("region", name="Past")
        expect(past.get_by_role("rowheader").first).to_contain_text("Day off 01")
        expect(past.get_by_role("rowheader", name="Day off 21")).to_have_count(0)
        page.get_by_role("button", name="Earlier closures").click()
        expect(past.get_by_role("rowheader", name="Day off 21")).to_be_visible()
        expect(page.get_by_role("group", name="Pages")).to_contain_text("Page 2")
        admin.assert_accessible()
        page.get_by_role("button", name="Later closures").click()
        expect(past.get_by_role("rowheader").first).to_contain_text("Day off 01")
    finally:
        delete = "mutation($input: DeleteClosureInput!) { deleteClosure(input: $input) { deletedId } }"
        admin.send(delete, input={"id": closure})


def change(admin: AdminVisit, name: str, /, **changes: str) -> None:
    """Change a closure as another person does."""
    [(closure,)] = admin.stored_rows("SELECT id FROM pm_group_closures WHERE name = ? AND deleted_at IS NULL", name)
    mutation = "mutation($input: UpdateClosureInput!) { updateClosure(input: $input) { userErrors { message } } }"
    admin.send(mutation, input={"id": str(UUID(closure)), **changes})


def test_both_versions_of_a_closure_show_and_the_person_chooses(admin: AdminVisit) -> None:
    page = admin.page
    [(first, last, *_)] = stored(admin, "Staff retreat")
    next_day = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    admin.open("/closures")
    page.get_by_role("button", name="Edit Staff retreat").click()
    dialog = page.get_by_role("dialog", name="Edit a closure")
    dialog.get_by_label("Name").fill("Retreat of mine")
    change(admin, "Staff retreat", name="Retreat of theirs", through=next_day)
    dialog.get_by_role("button", name="Save", exact=True).click()
    versions = dialog.get_by_role("alert")
    expect(versions).to_contain_text("Somebody else has changed this closure meanwhile")
    expect(versions.get_by_role("row", name="Name")).to_have_text("NameRetreat of theirsRetreat of mine")
    expect(versions.get_by_role("row")).to_have_count(3)
    expect(dialog.get_by_label("Name")).to_have_value("Retreat of mine")
    admin.assert_accessible()
    assert stored(admin, "Retreat of theirs") == [(first, next_day, 1, 1)]
    versions.get_by_role("button", name="Save mine").click()
    expect(admin.toast("Retreat of mine was saved.")).to_be_visible()
    assert stored(admin, "Retreat of mine") == [(first, next_day, 1, 1)]  # with the day that the other person chose

    page.get_by_role("button", name="Edit Retreat of mine").click()
    dialog.get_by_label("Last day").fill(first)
    change(admin, "Retreat of mine", name="Retreat of theirs")
    dialog.get_by_role("button", name="Save", exact=True).click()
    versions.get_by_role("button", name="Take theirs").click()
    expect(versions).to_be_hidden()
    expect(dialog.get_by_label("Name")).to_have_value("Retreat of theirs")
    expect(dialog.get_by_label("Last day")).to_have_value(next_day)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert stored(admin, "Retreat of theirs") == [(first, next_day, 1, 1)]
    assert admin.complaints == []


def test_the_list_offers_only_what_is_permitted(admin: AdminVisit) -> None:
    page = admin.page
    view, create = PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_SCHEDULE_CREATE
    admin.open("/closures", token=demo_token(view))
    page.get_by_role("button", name="Sessions during Floor repairs").click()
    expect(page.get_by_role("dialog")).to_contain_text("A group that you may not see")
    page.keyboard.press("Escape")
    for offered in ("Add a closure", "Edit", "Delete"):
        expect(page.get_by_role("button", name=offered)).to_have_count(0)
    admin.open("/closures", token=demo_token(view, create))
    page.get_by_role("button", name="Add a closure").click()
    expect(page.get_by_role("dialog")).to_contain_text("Choosing a location needs pm.group_definitions.view.")
    admin.open("/closures", token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    expect(page.get_by_role("heading", name="You may not see closures")).to_be_visible()
    admin.assert_accessible()
    assert admin.complaints == []

"""The form of a group in the admin UI: creating, editing, the recurrence, and conflicts with other people."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

UPDATE = """mutation($input: UpdateGroupDefinitionInput!) {
    updateGroupDefinition(input: $input) { userErrors { message } }
}"""


def text_field(admin: AdminVisit, name: str) -> Locator:
    return admin.page.get_by_role("textbox", name=name)


def choose(admin: AdminVisit, field: str, search: str, option: str) -> None:
    combobox = admin.page.get_by_role("combobox", name=field, exact=True)
    combobox.fill(search)
    admin.page.get_by_role("option", name=re.compile(option)).click()
    expect(combobox).to_have_value(re.compile(option))


def select(admin: AdminVisit, field: str, option: str) -> None:
    admin.page.get_by_role("combobox", name=field, exact=True).click()
    admin.page.get_by_role("option", name=option, exact=True).click()


def fill_in(admin: AdminVisit, name: str) -> None:
    text_field(admin, "Name").fill(name)
    select(admin, "Type", "Skills training")
    choose(admin, "Facilitator", "bramdale", "Kaya Bramdale")
    choose(admin, "Location", "library", "Library")
    text_field(admin, "Seats").fill("12")


def stored_group(admin: AdminVisit, name: str) -> tuple[object, ...] | None:
    rows = admin.stored_rows(
        "SELECT max_capacity, duration_minutes, recurrence_rule FROM pm_group_definitions WHERE name = ?", name
    )
    return rows[0] if rows else None


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_group_is_created_with_its_recurrence_and_a_preview(
    admin: AdminVisit, request: pytest.FixtureRequest
) -> None:
    page = admin.page
    name = f"Mindful mornings {request.node.callspec.id}"
    admin.open()
    page.get_by_role("link", name="New Group").click()
    expect(page.get_by_role("heading", name="New group")).to_be_visible()
    page.get_by_role("button", name="Create group").click()
    for words in ("Name the group.", "Choose a type.", "Choose who leads it.", "Fill in the number of seats."):
        expect(page.get_by_text(words)).to_be_visible()
    expect(text_field(admin, "Name")).to_be_focused()
    admin.assert_accessible()
    fill_in(admin, name)
    page.get_by_role("button", name="Every 2 weeks").click()
    for day in ("Tuesday", "Thursday"):
        page.get_by_text(day, exact=True).click()
    tomorrow = today() + timedelta(days=1)
    first = tomorrow + timedelta(days=(1 - tomorrow.weekday()) % 7)  # a Tuesday
    page.get_by_label("First day").fill(first.isoformat())
    page.get_by_label("Starts at").fill("09:30")
    preview = page.get_by_role("status", name="Preview")
    expect(preview).to_contain_text("Every 2 weeks on Tuesday and Thursday at 9:30 AM")
    expect(preview.get_by_role("listitem")).to_have_count(8)
    second = first + timedelta(days=2)
    expect(preview.get_by_role("listitem").nth(1)).to_have_text(f"{second:%b} {second.day}, {second.year}")
    page.get_by_label("Not on").fill(second.isoformat())
    page.get_by_role("button", name="Add day").press("Enter")
    expect(page.get_by_label("Not on")).to_be_focused()
    expect(preview.get_by_role("listitem").nth(1)).not_to_have_text(f"{second:%b} {second.day}, {second.year}")
    admin.assert_accessible()
    page.get_by_role("combobox", name="Zone of its times").focus()
    expect(page.get_by_role("listbox", name="Zone of its times")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(admin.toast(f"{name} was created.")).to_be_visible()
    expect(page.get_by_text("Every 2 weeks on Tuesday and Thursday")).to_be_visible()
    assert stored_group(admin, name) == (12, 60, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH")
    assert admin.complaints == []


@pytest.mark.parametrize("time_zone", ["Europe/Berlin"])
def test_the_preview_names_the_zone_of_the_group(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/groups/new")
    choose(admin, "Location", "library", "Library")
    page.get_by_role("button", name="Monday to Friday").click()
    page.get_by_label("First day").fill("2026-12-07")
    page.get_by_label("Starts at").fill("09:30")
    preview = page.get_by_role("status", name="Preview")
    expect(preview).to_contain_text("at 9:30 AM (MST)")
    choose(admin, "Zone of its times", "berlin", "Europe.Berlin")
    expect(preview).not_to_contain_text("9:30 AM (")
    assert admin.complaints == []


def test_every_fault_of_the_server_is_at_its_field_and_nothing_typed_is_lost(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/groups/new")
    fill_in(admin, "Night group")
    text_field(admin, "Minimum to run well").fill("20")
    text_field(admin, "Minutes of a session").fill("120")
    page.get_by_role("button", name="Weekly", exact=True).click()
    page.get_by_text("Monday", exact=True).click()
    page.get_by_label("First day").fill("2026-12-07")
    page.get_by_label("Starts at").fill("23:30")
    page.get_by_role("button", name="Create group").click()
    expect(text_field(admin, "Minimum to run well")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Starts at")).to_have_attribute("aria-invalid", "true")
    expect(text_field(admin, "Minimum to run well")).to_be_focused()
    admin.assert_accessible()
    expect(text_field(admin, "Name")).to_have_value("Night group")
    assert stored_group(admin, "Night group") is None


def test_more_seats_promote_from_the_waitlist_and_are_told(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id("Grief and Loss")
    admin.open(f"/groups/{group}")
    page.get_by_role("link", name="Edit").click()
    expect(text_field(admin, "Name")).to_have_value("Grief and Loss")
    expect(page.get_by_role("combobox", name="Facilitator", exact=True)).to_have_value(re.compile("Emmett Elderdale"))
    text_field(admin, "Seats").fill("9")
    page.get_by_role("button", name="Save").click()
    expect(admin.toast("Grief and Loss was saved.")).to_be_attached()
    expect(admin.toast("moved from the waitlist to a seat.")).to_be_visible()
    meter = page.get_by_role("meter", name="Seats taken")
    expect(meter).to_have_attribute("aria-valuetext", "9 of 9 seats taken, full")
    assert stored_group(admin, "Grief and Loss") == (9, 75, "FREQ=WEEKLY;BYDAY=TH")


@pytest.mark.parametrize("choice", ["Save mine", "Take theirs"])
def test_a_version_conflict_shows_both_versions_and_lets_the_person_choose(admin: AdminVisit, choice: str) -> None:
    page = admin.page
    group = admin.group_id("Tuesday Process Group" if choice == "Save mine" else "Understanding Anxiety")
    admin.open(f"/groups/{group}/edit")
    expect(text_field(admin, "Name")).not_to_have_value("")
    text_field(admin, "Name").fill(f"Mine {choice}")
    admin.send(UPDATE, input={"id": group, "name": f"Theirs {choice}", "durationMinutes": 45})
    page.get_by_role("button", name="Save", exact=True).click()
    conflict = page.get_by_role("alert").filter(has_text="Somebody else has changed this group meanwhile")
    row = conflict.get_by_role("row", name=re.compile("^Name"))
    expect(row).to_contain_text(f"Theirs {choice}")
    expect(row).to_contain_text(f"Mine {choice}")
    admin.assert_accessible()
    conflict.get_by_role("button", name=choice).click()
    if choice == "Save mine":
        expect(page.get_by_role("heading", name="Mine Save mine", level=1)).to_be_visible()
        saved = stored_group(admin, "Mine Save mine")
        assert saved is not None
        assert saved[1] == 45  # what they changed in another field stays
    else:
        expect(text_field(admin, "Name")).to_have_value("Theirs Take theirs")
        expect(text_field(admin, "Minutes of a session")).to_have_value("45")
        assert stored_group(admin, "Mine Take theirs") is None


def test_leaving_a_changed_form_asks(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/groups/new")
    text_field(admin, "Name").fill("Unfinished")
    page.get_by_role("navigation").get_by_role("link", name="Group Sessions").click()
    question = page.get_by_role("dialog", name="Discard what you typed?")
    question.get_by_role("button", name="Keep editing").click()
    expect(text_field(admin, "Name")).to_have_value("Unfinished")
    page.get_by_role("navigation").get_by_role("link", name="Group Sessions").click()
    question.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Group Sessions")).to_be_visible()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=3;BYDAY=2SA",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=12",
        "FREQ=DAILY;UNTIL=20271231",
        "FREQ=MONTHLY;BYMONTHDAY=15",
    ],
)
def test_a_rule_stays_as_it_is_if_only_other_fields_change(admin: AdminVisit, rule: str) -> None:
    page = admin.page
    group = admin.group_id("Recovery Alumni")
    recurrence = {"rule": rule, "startDate": "2026-03-13", "startTime": "18:00:00"}
    admin.send(UPDATE, input={"id": group, "recurrence": recurrence})
    [(stored,)] = admin.stored_rows("SELECT recurrence_rule FROM pm_group_definitions WHERE id = ?", group)
    admin.open(f"/groups/{group}/edit")
    expect(page.get_by_role("status", name="Preview")).to_be_visible()
    minutes = text_field(admin, "Minutes of a session")
    minutes.fill(str(int(minutes.input_value()) + 5))
    page.get_by_label("Starts at").fill("18:15")
    page.get_by_role("button", name="Save").click()
    expect(admin.toast("was saved.")).to_be_visible()
    rows = admin.stored_rows("SELECT recurrence_rule FROM pm_group_definitions WHERE id = ?", group)
    assert rows == [(stored,)]


def test_who_may_not_change_groups_is_offered_no_form(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id("Grief and Loss")
    view = demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW)
    admin.open(token=view)
    expect(page.get_by_role("row", name=re.compile("Grief and Loss"))).to_be_visible()
    expect(page.get_by_role("link", name="New Group")).to_be_hidden()
    for path in ("/groups/new", f"/groups/{group}/edit"):
        admin.open(path, token=view)
        expect(page.get_by_role("heading", name="You may not see this form")).to_be_visible()
    admin.assert_accessible()

"""Changes of many sessions in the admin UI: generate, substitute, cancel and reconcile."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Route, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.sessions import is_phone, open_schedule, outcome, scheduled, sessions, stored
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser
DAILY_GROUP = "Morning Check-In"
WEEKLY_GROUP = "Distress Tolerance Skills"
PROGRAM = "Young Adult Day Program"
CHANGED_GROUP = "Understanding Anxiety"


def dialog_of(admin: AdminVisit, button: str, name: str) -> Locator:
    admin.page.get_by_role("button", name=button).click()
    return admin.page.get_by_role("dialog", name=name)


def test_generated_sessions_leave_closed_days_out_by_name(admin: AdminVisit) -> None:
    group = open_schedule(admin, DAILY_GROUP)
    before = scheduled(admin, group, today())
    dialog = dialog_of(admin, "Generate", "Generate sessions")
    expect(outcome(dialog)).to_contain_text("55 sessions are added.")
    expect(outcome(dialog)).to_contain_text("Staff retreat")
    expect(outcome(dialog).get_by_role("group", name="New sessions").get_by_role("listitem")).to_have_count(55)
    admin.assert_accessible()
    dialog.get_by_label("Last day").fill((today() - timedelta(days=1)).isoformat())
    expect(dialog.get_by_text("Last day must not be before First day.")).to_be_visible()
    last = date.fromisoformat(before[-1][1])
    dialog.get_by_label("Last day").fill((last + timedelta(days=7)).isoformat())
    expect(outcome(dialog)).to_contain_text("7 sessions are added.")
    dialog.get_by_role("button", name="Generate").click()
    expect(admin.toast("7 sessions were added.")).to_be_visible()
    assert len(scheduled(admin, group, today())) == len(before) + 7
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_selected_sessions_get_a_substitute_after_a_preview(admin: AdminVisit) -> None:
    page = admin.page
    substitute, staff_id = ("Hugo", "staff-01") if is_phone(admin) else ("Hana", "staff-13")
    group = open_schedule(admin, WEEKLY_GROUP)
    (first, _), (second, _), (third, _) = scheduled(admin, group, today())[:3]
    boxes = sessions(admin).get_by_role("checkbox", name=re.compile("^Select [A-Z]"))
    boxes.nth(-1).check()
    boxes.nth(-1).uncheck()
    sessions(admin).get_by_role("row").filter(has=page.locator(f"[data-session='{first}']")).get_by_role(
        "checkbox"
    ).check()
    sessions(admin).get_by_role("row").filter(has=page.locator(f"[data-session='{second}']")).get_by_role(
        "checkbox"
    ).press(" ")
    expect(page.get_by_text("2 selected")).to_be_visible()
    dialog = dialog_of(admin, "Substitute", "Substitute a facilitator")
    expect(dialog.get_by_label("The 2 selected sessions")).to_be_checked()
    dialog.get_by_role("button", name="Substitute").click()
    expect(dialog.get_by_text("Choose who stands in.")).to_be_visible()
    dialog.get_by_role("combobox", name="Substitute").fill(substitute)
    dialog.get_by_role("option", name=re.compile(substitute)).first.click()
    expect(outcome(dialog)).to_contain_text("2 sessions are changed.")
    expect(outcome(dialog).get_by_role("group", name="Session by session")).to_contain_text(f"{substitute}")
    expect(outcome(dialog)).to_contain_text("leads instead of")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Substitute").click()
    expect(admin.toast("2 sessions got another facilitator.")).to_be_visible()
    expect(page.get_by_text("2 selected")).to_be_hidden()
    leaders = [stored(admin, session, "facilitator_id")[0] for session in (first, second, third)]
    assert leaders == [staff_id, staff_id, "staff-08"]
    assert admin.complaints == []


def test_the_sessions_of_some_days_are_cancelled_after_their_impact(admin: AdminVisit) -> None:
    group = open_schedule(admin, PROGRAM)
    first, last = today() + timedelta(days=20), today() + timedelta(days=26)
    days = {day for _, day in scheduled(admin, group, first - timedelta(days=1)) if day <= last.isoformat()}
    assert len(days) == 4
    dialog = dialog_of(admin, "Cancel sessions", "Cancel sessions")
    dialog.get_by_role("button", name="Cancel the sessions").click()
    expect(dialog.get_by_text("Fill in the last day.")).to_be_visible()
    dialog.get_by_label("First day").fill(first.isoformat())
    dialog.get_by_label("Last day").fill(last.isoformat())
    expect(outcome(dialog)).to_contain_text("4 sessions are cancelled.")
    expect(outcome(dialog)).to_contain_text(re.compile("weeks that lose compliance|whose status stays"))
    admin.assert_accessible()
    dialog.get_by_label("Reason").fill("Winter break")
    dialog.get_by_role("button", name="Cancel the sessions").click()
    expect(admin.toast("4 sessions were cancelled.")).to_be_visible()
    cancelled = admin.stored_rows(
        "SELECT session_date FROM pm_group_schedule WHERE group_definition_id = ? AND cancellation_reason = ?",
        group,
        "Winter break",
    )
    assert {day for (day,) in cancelled} == days
    assert admin.complaints == []


def test_a_change_of_many_sessions_that_lost_its_response_happens_once(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(DAILY_GROUP)
    last = scheduled(admin, group, date.min)[-3:]
    keys: list[str] = []

    def lose_response(route: Route) -> None:
        request = route.request
        if "CancelSessions" in (request.post_data or "") and '"dryRun":true' not in (request.post_data or ""):
            keys.append(request.headers["idempotency-key"])
            if len(keys) == 1:
                route.fetch()  # the server makes the change, and the page does not hear of it
                route.abort()
                return
        route.continue_()

    page.route("**/graphql", lose_response)
    admin.open(f"/groups/{group}?tab=schedule&dialog=cancel-sessions")
    dialog = page.get_by_role("dialog", name="Cancel sessions")
    dialog.get_by_label("First day").fill(last[0][1])
    dialog.get_by_label("Last day").fill(last[-1][1])
    expect(outcome(dialog)).to_contain_text("3 sessions are cancelled.")
    dialog.get_by_label("Reason").fill("The pipes are mended")
    dialog.get_by_role("button", name="Cancel the sessions").click()
    expect(admin.toast("3 sessions were cancelled.")).to_have_count(1)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    states = [stored(admin, session, "status, cancellation_reason, version") for session, _ in last]
    assert states == [("CANCELLED", "The pipes are mended", 2)] * 3


def test_a_drifted_calendar_is_reconciled_after_a_preview_in_words(admin: AdminVisit) -> None:
    page = admin.page
    group = open_schedule(admin, CHANGED_GROUP)
    expect(page.get_by_text("The calendar differs")).to_have_count(0)
    upcoming = scheduled(admin, group, today() + timedelta(days=1))
    change_recurrence(admin, group, excluded=upcoming[-1][1])
    open_schedule(admin, CHANGED_GROUP)
    banner = page.get_by_role("status").filter(has_text="The calendar differs from the group's definition")
    expect(banner).to_contain_text("sessions at another time")
    expect(banner).to_contain_text("1 session on days that the rule does not have")
    admin.assert_accessible()
    dialog = dialog_of(admin, "Preview reconciling", "Reconcile the calendar")
    items = outcome(dialog).get_by_role("group", name="Session by session")
    expect(items).to_contain_text(
        re.compile(r"1:00 PM: moves to .*1:30 PM, ends at 2:30 PM, because the rule has it then\.")
    )
    expect(items).to_contain_text(
        re.compile(r"is cancelled, with \d+ patients expected, because the rule does not have its day\.")
    )
    expect(items).to_contain_text("stays, because it is cancelled.")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Reconcile").click()
    expect(dialog.get_by_text("Say why the sessions are cancelled.")).to_be_visible()
    assert stored(admin, upcoming[0][0], "status")[0] == "SCHEDULED"
    dialog.get_by_label("Reason for the cancellations").fill("The group does not meet that day")
    dialog.get_by_role("button", name="Reconcile").click()
    expect(admin.toast("The calendar was reconciled.")).to_be_visible()
    expect(banner).to_be_hidden()
    start, edited = stored(admin, upcoming[0][0], "start_time, edited")
    assert (start[:5], edited) == ("13:30", 0)
    assert stored(admin, upcoming[-1][0], "status, cancellation_reason") == (
        "CANCELLED",
        "The group does not meet that day",
    )
    assert admin.complaints == []


def change_recurrence(admin: AdminVisit, group: str, excluded: str) -> None:
    """Let the group start half an hour later, and not meet on one day."""
    query = "query($id: ID!) { groupDefinition(id: $id) { recurrence { rule startDate } } }"
    recurrence = admin.send(query, id=group)["groupDefinition"]["recurrence"]
    mutation = (
        "mutation($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input)"
        " { userErrors { message } } }"
    )
    changed = {**recurrence, "startTime": "13:30:00", "excludedDates": [excluded]}
    admin.send(mutation, input={"id": group, "recurrence": changed})


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_the_dialogs_of_many_sessions_fit_a_phone(admin: AdminVisit) -> None:
    group = admin.group_id(PROGRAM)
    for dialog, words in [
        ("generate", "added"),
        ("substitute", "Choose the sessions"),
        ("cancel-sessions", "Choose the days"),
        ("reconcile", "stay"),
    ]:
        admin.open(f"/groups/{group}?tab=schedule&dialog={dialog}")
        expect(outcome(admin.page.get_by_role("dialog"))).to_contain_text(words)
        admin.assert_accessible()
    assert admin.complaints == []


def test_each_key_offers_only_its_own_changes(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(DAILY_GROUP)
    sees = (PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_SCHEDULE_VIEW)
    for key, offered in {
        PermissionKey.GROUP_SCHEDULE_CREATE: ["Add a session", "Generate …"],
        PermissionKey.GROUP_SCHEDULE_EDIT: ["Substitute …"],
        PermissionKey.GROUP_SCHEDULE_DELETE: ["Cancel sessions …"],
    }.items():
        admin.open(f"/groups/{group}?tab=schedule", token=demo_token(*sees, key))
        expect(sessions(admin)).to_be_visible()
        buttons = page.get_by_role("tabpanel").get_by_role("button", name=re.compile("Add|Generate|Substitute|Cancel"))
        expect(buttons).to_have_text(offered)
        assert admin.complaints == []

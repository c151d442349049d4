"""Changes of one session in the admin UI: add, move, edit, cancel and reopen."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import expect

from tests.web.conftest import DESKTOP, PHONE
from tests.web.sessions import is_phone, open_schedule, outcome, scheduled, sessions, stored
from tests.web.visits import AdminVisit, today, token_of

pytestmark = pytest.mark.browser
PROGRAM = "Morning Intensive Outpatient"
WEEKLY_GROUP = "Tuesday Process Group"
FACILITATOR = "Renata Quillbourne"


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_session_is_added_after_its_conflicts_are_shown(admin: AdminVisit) -> None:
    page = admin.page
    group = open_schedule(admin, WEEKLY_GROUP)
    _, day = scheduled(admin, group, today() + timedelta(days=2))[-1]
    page.get_by_role("button", name="Add a session").click()
    dialog = page.get_by_role("dialog", name="Add a session")
    expect(dialog.get_by_role("combobox", name="Facilitator", exact=True)).to_have_value(re.compile(FACILITATOR))
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_text("Fill in the date.")).to_be_visible()
    dialog.get_by_label("Date").fill(day)
    expect(outcome(dialog)).to_contain_text("The server would refuse this")
    expect(dialog.get_by_text("already has a session")).to_be_visible()
    dialog.get_by_label("Start").fill("10:15")
    expect(dialog.get_by_text("By default 11:45 AM")).to_be_visible()
    expect(outcome(dialog)).to_contain_text("Two sessions of the same group overlap")
    admin.assert_accessible()
    start = "15:00" if is_phone(admin) else "13:00"
    dialog.get_by_label("Start").fill(start)
    expect(outcome(dialog)).to_contain_text("No conflict.")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_be_hidden()
    expect(admin.toast("was added.")).to_be_visible()
    added = admin.stored_rows(
        "SELECT end_time, facilitator_id, location_id, recurrence_date FROM pm_group_schedule"
        " WHERE group_definition_id = ? AND session_date = ? AND start_time LIKE ?",
        group,
        day,
        f"{start}%",
    )
    assert [(end[:5], *rest) for end, *rest in added] == [(f"{int(start[:2]) + 1}:30", "staff-05", "saguaro-2", None)]
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_session_is_moved_by_keyboard_and_keeps_its_length(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(PROGRAM)
    session, day = scheduled(admin, group, today() + timedelta(days=10))[is_phone(admin)]
    open_schedule(admin, PROGRAM, f"&session={session}")
    page.get_by_role("dialog", name="Session").get_by_role("button", name="Move").press("Enter")
    dialog = page.get_by_role("dialog", name="Move the session")
    expect(dialog.get_by_label("Start")).to_have_value("09:00")
    expect(dialog.get_by_label("Facilitator")).to_have_count(0)
    dialog.get_by_label("Start").fill("10:30")
    expect(dialog.get_by_label("End")).to_have_value("13:30")
    expect(outcome(dialog)).to_contain_text("conflict")
    admin.assert_accessible()
    dialog.get_by_label("Start").press("Enter")
    expect(dialog).to_be_hidden()
    expect(admin.toast("The session was moved to")).to_be_visible()
    expect(page.get_by_role("dialog", name="Session")).to_contain_text("10:30 AM")
    expect(page.get_by_role("dialog", name="Session")).to_contain_text("By the group's rule, changed by hand")
    moved = stored(admin, session, "session_date, start_time, end_time, edited")
    assert (moved[0], moved[1][:5], moved[2][:5], moved[3]) == (day, "10:30", "13:30", 1)
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_both_versions_of_a_session_show_and_the_person_chooses(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(WEEKLY_GROUP)
    session, _ = scheduled(admin, group, today() + timedelta(days=20))[0]
    open_schedule(admin, WEEKLY_GROUP, f"&session={session}&dialog=edit-session")
    dialog = page.get_by_role("dialog", name="Edit the session")
    dialog.get_by_role("combobox", name="Co-facilitator").fill("Hana")
    dialog.get_by_role("option", name=re.compile("Hana")).click()
    expect(outcome(dialog)).to_contain_text("onflict")
    mutation = "mutation($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) { userErrors { message } } }"
    admin.send(mutation, input={"id": session, "startTime": "11:00:00"})
    dialog.get_by_role("button", name="Save").click()
    conflict = dialog.get_by_role("alert").filter(has_text="Somebody else has changed this session")
    expect(conflict.get_by_role("row", name=re.compile("^Start 11:00 AM 10:00 AM$"))).to_be_visible()
    expect(conflict.get_by_role("row", name=re.compile("^Co-facilitator None Hana"))).to_be_visible()
    admin.assert_accessible()
    conflict.get_by_role("button", name="Save mine").click()
    expect(dialog).to_be_hidden()
    start, co_facilitator = stored(admin, session, "start_time, co_facilitator_id")
    assert (start[:5], co_facilitator) == ("11:00", "staff-13")
    admin.send(mutation, input={"id": session, "startTime": "10:00:00", "coFacilitatorId": None})
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_session_is_cancelled_after_its_impact_and_reopened(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(PROGRAM)
    session, _ = scheduled(admin, group, today() + timedelta(days=20))[0]
    open_schedule(admin, PROGRAM, f"&session={session}")
    details = page.get_by_role("dialog", name="Session")
    details.get_by_role("button", name="Cancel the session").click()
    dialog = page.get_by_role("dialog", name="Cancel the session")
    expect(dialog).to_contain_text("9 patients expected")
    expect(outcome(dialog)).to_contain_text("Program weeks that lose compliance")
    expect(outcome(dialog)).to_contain_text("Need 3 more hours/week")
    expect(outcome(dialog)).to_contain_text("Patients' weeks that lose compliance")
    dialog.get_by_role("button", name="Cancel the session").click()
    expect(dialog.get_by_text("Say why it is cancelled.")).to_be_visible()
    admin.assert_accessible()
    dialog.get_by_label("Reason").fill("The cooling failed")
    dialog.get_by_role("button", name="Cancel the session").click()
    expect(admin.toast("was cancelled.")).to_be_visible()
    expect(details).to_contain_text("The cooling failed")
    assert stored(admin, session, "status, cancellation_reason") == ("CANCELLED", "The cooling failed")
    details.get_by_role("button", name="Reopen").click()
    dialog = page.get_by_role("dialog", name="Reopen the session")
    expect(outcome(dialog)).to_contain_text("Program weeks that become compliant")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Reopen").click()
    expect(admin.toast("is scheduled again.")).to_be_visible()
    expect(details.get_by_role("button", name="Move")).to_be_visible()
    assert stored(admin, session, "status, cancellation_reason") == ("SCHEDULED", None)
    assert admin.complaints == []


def test_a_cancellation_shows_what_others_changed_meanwhile(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(WEEKLY_GROUP)
    session, _ = scheduled(admin, group, today() + timedelta(days=30))[0]
    open_schedule(admin, WEEKLY_GROUP, f"&session={session}&dialog=cancel-session")
    dialog = page.get_by_role("dialog", name="Cancel the session")
    dialog.get_by_label("Reason").fill("Staff training")
    mutation = "mutation($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) { userErrors { message } } }"
    admin.send(mutation, input={"id": session, "startTime": "12:00:00"})
    dialog.get_by_role("button", name="Cancel the session").click()
    conflict = dialog.get_by_role("alert").filter(has_text="Somebody else has changed this session")
    expect(conflict.get_by_role("row", name=re.compile("^Start 12:00 PM 10:00 AM$"))).to_be_visible()
    conflict.get_by_role("button", name="Cancel it as it is now").click()
    expect(admin.toast("was cancelled.")).to_be_visible()
    assert stored(admin, session, "status, cancellation_reason") == ("CANCELLED", "Staff training")


def test_only_what_the_server_would_accept_is_offered(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(WEEKLY_GROUP)
    [(session,)] = admin.stored_rows(
        "SELECT id FROM pm_group_schedule WHERE group_definition_id = ? ORDER BY session_date LIMIT 1", group
    )
    session = str(UUID(session))
    admin.change_rows("UPDATE pm_group_schedule SET status = 'COMPLETED' WHERE id = ?", session)
    open_schedule(admin, WEEKLY_GROUP, f"&when=past&session={session}")
    details = page.get_by_role("dialog", name="Session")
    expect(details).to_contain_text("Documented")
    expect(details.get_by_role("button", name="Reopen")).to_be_visible()
    expect(details.get_by_role("button", name=re.compile("Move|Edit|Cancel"))).to_have_count(0)
    admin.open(f"/groups/{group}?tab=schedule&session={session}", token=token_of(admin.links[1]))
    expect(details).to_contain_text("Documented")
    expect(details.get_by_role("button", name=re.compile("Move|Edit|Cancel|Reopen"))).to_have_count(0)
    details.get_by_role("button", name="Close").click()
    expect(sessions(admin)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Add|Generate|Substitute|Cancel"))).to_have_count(0)
    admin.assert_accessible()
    assert admin.complaints == []

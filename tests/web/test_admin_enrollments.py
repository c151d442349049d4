"""A group's page in the admin UI, with its enrollments."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import APIResponse, Route, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, OPEN_GROUP, enroll_another, open_group, patients, section, stored_waitlist
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_page_shows_seats_waitlist_and_past_enrollments(admin: AdminVisit) -> None:
    page = admin.page
    admin.open()
    page.get_by_role("link", name=FULL_GROUP).click()
    expect(page.get_by_role("heading", name=FULL_GROUP, level=1)).to_be_visible()
    expect(page.get_by_role("meter", name="Seats taken")).to_have_attribute(
        "aria-valuetext", "8 of 8 seats taken, full"
    )
    expect(page).to_have_url(re.compile("/groups/[0-9a-f-]{36}$"))
    group = page.url.rpartition("/")[2]
    assert len(patients(admin, "Seats")) == 8
    assert patients(admin, "Waitlist") == stored_waitlist(admin, group)
    admin.assert_accessible()
    page.get_by_role("tab", name="Details").click()
    expect(page).to_have_url(re.compile(r"\?tab=details$"))
    expect(page.get_by_text("Weekly on Thursday at 5:30 PM, from")).to_be_visible()
    admin.assert_accessible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_patient_is_found_and_enrolled_in_a_free_seat(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, OPEN_GROUP)
    seated = patients(admin, "Seats")
    page.get_by_role("button", name="Enroll patients").click()
    dialog = page.get_by_role("dialog", name="Enroll patients")
    expect(dialog).to_contain_text(f"the patient gets seat {len(seated) + 1} of 10")
    field = dialog.get_by_role("combobox", name="Patient")
    field.fill("nobody of this name")
    expect(dialog.get_by_text("Nothing matches")).to_be_visible()
    field.press("Enter")  # which is no answer to the form
    expect(dialog.get_by_text("Choose a patient.")).to_be_hidden()
    dialog.get_by_role("button", name="Enroll", exact=True).click()
    expect(dialog.get_by_text("Choose a patient.")).to_be_visible()
    admin.assert_accessible()
    [(name, number)] = admin.stored_rows(
        "SELECT display_name, medical_record_number FROM pm_group_patients p WHERE active AND NOT EXISTS (SELECT 1"
        " FROM pm_group_enrollments e WHERE e.patient_id = p.id AND e.group_definition_id = ?)"
        " ORDER BY display_name LIMIT 1",
        group,
    )
    field.fill(number)
    expect(dialog.get_by_role("option")).to_have_count(1)
    expect(dialog.get_by_role("option")).to_contain_text(name)
    admin.assert_accessible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(dialog.get_by_role("listitem")).to_contain_text(f"{name}, {number}")
    expect(dialog.get_by_role("listitem")).to_contain_text(f"Gets seat {len(seated) + 1} of 10.")
    dialog.get_by_role("button", name="Enroll", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(admin.toast("has a seat.")).to_be_visible()
    expect(section(admin, "Seats").get_by_role("rowheader", name=re.compile(name))).to_be_visible()
    [(status,)] = admin.stored_rows(
        "SELECT e.status FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND p.medical_record_number = ?",
        group,
        number,
    )
    assert status == "ENROLLED"
    admin.assert_accessible()
    assert admin.complaints == []


def test_patients_who_are_in_the_group_or_inactive_cannot_be_chosen(admin: AdminVisit) -> None:
    page = admin.page
    open_group(admin, FULL_GROUP)
    [seated, *_], [waiting, *_] = patients(admin, "Seats"), patients(admin, "Waitlist")
    [(inactive,)] = admin.stored_rows("SELECT display_name FROM pm_group_patients WHERE NOT active LIMIT 1")
    page.get_by_role("button", name="Enroll patients").click()
    dialog = page.get_by_role("dialog", name="Enroll patients")
    expect(dialog).to_contain_text("the patient joins the waitlist at place 4")
    for name, reason in ((seated, "has a seat"), (waiting, "waits at place 1"), (inactive, "inactive in the registry")):
        dialog.get_by_role("combobox", name="Patient").fill(name)
        option = dialog.get_by_role("option", name=re.compile(name)).filter(has_text=reason)
        expect(option.first).to_have_attribute("data-combobox-disabled", "true")


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_disenrolling_gives_the_seat_to_the_first_who_waits(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    leaving, first = patients(admin, "Seats")[0], patients(admin, "Waitlist")[0]
    page.get_by_role("button", name=f"Disenroll {leaving}").click()
    dialog = page.get_by_role("dialog", name="Disenroll a patient")
    dialog.get_by_label("Reason").fill("Moved away")
    outcome = dialog.get_by_role("status", name="What will happen")
    expect(outcome).to_contain_text(f"{leaving} gives up their seat now.")
    expect(outcome).to_contain_text("The first on the waitlist who may be seated gets it.")
    expect(outcome).to_contain_text("expected at no session that starts after now")
    last_day = today() - timedelta(days=2)
    dialog.get_by_label("Last day").fill(str(today() + timedelta(days=2)))
    dialog.get_by_role("button", name="Disenroll").click()
    expect(dialog.get_by_text(re.compile("^The last day must be .* or earlier"))).to_be_visible()
    expect(dialog.get_by_role("button", name="Change its dates instead")).to_be_visible()
    admin.assert_accessible()
    dialog.get_by_label("Last day").fill(str(last_day))
    expect(outcome).to_contain_text(re.compile(rf"The last day was \w+, \w+ {last_day.day}"))
    dialog.get_by_role("button", name="Disenroll").click()
    expect(dialog).to_be_hidden()
    given, family = first.split()
    promotion = f"{given} {family[0]}. moved from the waitlist to a seat."
    expect(admin.toast(promotion)).to_be_visible()
    expect(section(admin, "Seats").get_by_role("rowheader", name=re.compile(first))).to_be_visible()
    expect(section(admin, "Past enrollments").get_by_text("Moved away").locator("visible=true").first).to_be_visible()
    admin.assert_accessible()
    page.get_by_role("button", name=re.compile("^Activity, 2 new")).click()
    expect(page.get_by_role("dialog", name="Activity").get_by_text(promotion)).to_be_visible()
    rows = admin.stored_rows(
        "SELECT p.display_name, e.status, e.disenrollment_reason, e.end_date FROM pm_group_enrollments e"
        " JOIN pm_group_patients p ON p.id = e.patient_id WHERE e.group_definition_id = ?",
        group,
    )
    assert (leaving, "DISENROLLED", "Moved away", str(last_day)) in rows
    assert (first, "ENROLLED", None, None) in rows
    assert admin.complaints == []
    enroll_another(admin, group)


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_waitlist_is_reordered_by_buttons_and_keyboard(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    first, second, third = patients(admin, "Waitlist")
    page.get_by_role("button", name=f"Move {second} up").click()
    expect(admin.toast("is at place 1 of the waitlist now.")).to_be_visible()
    expect(section(admin, "Waitlist").locator("tbody th").first).to_contain_text(second)
    assert stored_waitlist(admin, group) == [second, first, third]
    expect(page.get_by_role("button", name=f"Move {second} up")).to_be_disabled()
    down = page.get_by_role("button", name=f"Move {second} down")
    expect(down).to_be_focused()
    page.keyboard.press("Enter")
    expect(section(admin, "Waitlist").locator("tbody th").first).to_contain_text(first)
    expect(down).to_be_focused()
    assert stored_waitlist(admin, group) == [first, second, third]
    page.get_by_role("button", name=f"More for {first}").click()
    admin.assert_accessible()
    page.get_by_role("menuitem", name="Move to a place").click()
    dialog = page.get_by_role("dialog", name="Move to a place")
    expect(dialog).to_contain_text(f"{first} is at place 1 of 3.")
    dialog.get_by_label("New place").fill("3")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=f"More for {first}")).to_be_focused()
    assert stored_waitlist(admin, group) == [second, third, first]
    assert admin.complaints == []


def test_a_list_that_was_read_before_a_change_is_read_again(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    first, second, third = patients(admin, "Waitlist")
    held: list[tuple[Route, APIResponse]] = []

    def hold_first_roster(route: Route) -> None:
        if "query Roster(" in (route.request.post_data or "") and not held:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/graphql", hold_first_roster)
    page.get_by_role("button", name=f"Move {second} up").click()
    expect(admin.toast("is at place 1 of the waitlist now.")).to_be_visible()
    page.get_by_role("button", name=f"Move {second} down").click()
    expect(admin.toast("is at place 2 of the waitlist now.")).to_be_visible()
    [(route, response)] = held
    route.fulfill(response=response)
    page.get_by_role("button", name=f"More for {first}").click()
    page.get_by_role("menuitem", name="Move to a place").click()
    expect(page.get_by_role("dialog", name="Move to a place")).to_contain_text(f"{first} is at place 1 of 3.")
    assert patients(admin, "Waitlist") == [first, second, third] == stored_waitlist(admin, group)
    assert admin.complaints == []


def test_a_seat_over_capacity_is_given_after_a_warning(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    waiting = patients(admin, "Waitlist")[1]
    page.get_by_role("button", name=f"More for {waiting}").click()
    page.get_by_role("menuitem", name="Give a seat now").click()
    dialog = page.get_by_role("dialog", name="Give a seat now")
    expect(dialog).to_contain_text("it will have 9 patients on 8 seats")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Seat over capacity").click()
    expect(dialog).to_be_hidden()
    expect(section(admin, "Waitlist")).to_be_focused()  # the row is gone
    meter = page.get_by_role("meter", name="Seats taken")
    expect(meter).to_have_attribute("aria-valuetext", "9 of 8 seats taken, 1 over")
    assert waiting not in stored_waitlist(admin, group)


def test_back_closes_a_dialog_and_asks_before_typed_words_are_lost(admin: AdminVisit) -> None:
    page = admin.page
    open_group(admin, OPEN_GROUP)
    button = page.get_by_role("button", name=f"Disenroll {patients(admin, 'Seats')[0]}")
    dialog = page.get_by_role("dialog", name="Disenroll a patient")
    button.click()
    expect(dialog).to_be_visible()
    page.go_back()
    expect(dialog).to_be_hidden()
    button.click()
    dialog.get_by_label("Reason").fill("Unfinished")
    page.keyboard.press("Escape")
    question = page.get_by_role("dialog", name="Discard what you typed?")
    expect(question).to_be_visible()
    admin.assert_accessible()
    question.get_by_role("button", name="Keep editing").click()
    expect(dialog.get_by_label("Reason")).to_have_value("Unfinished")
    dialog.get_by_role("button", name="Cancel").click()
    question.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_refusal_shows_in_the_dialog_and_keeps_what_is_typed(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, OPEN_GROUP)
    name = patients(admin, "Seats")[0]
    page.get_by_role("button", name=f"Disenroll {name}").click()
    dialog = page.get_by_role("dialog", name="Disenroll a patient")
    dialog.get_by_label("Reason").fill("Moved away")
    [(enrollment,)] = admin.stored_rows(
        "SELECT e.id FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND p.display_name = ? AND e.status = 'ENROLLED'",
        group,
        name,
    )
    mutation = "mutation($input: DisenrollPatientInput!) { disenrollPatient(input: $input) { userErrors { code } } }"
    admin.send(mutation, input={"enrollmentId": str(UUID(enrollment)), "reason": "By another person"})
    dialog.get_by_role("button", name="Disenroll").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this")
    expect(dialog.get_by_label("Reason")).to_have_value("Moved away")
    admin.assert_accessible()


def test_a_mutation_that_lost_its_response_happens_once(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, OPEN_GROUP)
    keys: list[str | None] = []

    def lose_response(route: Any) -> None:
        if "Idempotency-Key".lower() in route.request.headers:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) == 1:
                route.fetch()  # the server makes the change, and the page does not hear of it
                route.abort()
                return
        route.continue_()

    page.route("**/graphql", lose_response)
    name = patients(admin, "Seats")[0]
    page.get_by_role("button", name=f"Disenroll {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Disenroll").click()
    expect(admin.toast("was disenrolled.")).to_be_visible()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    entries = admin.stored_rows(
        "SELECT e.status FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND p.display_name = ?",
        group,
        name,
    )
    assert entries == [("DISENROLLED",)]


def test_who_may_only_view_is_offered_no_change(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(FULL_GROUP)
    admin.open(f"/groups/{group}", token=admin.links[1].partition("#token=")[2])
    expect(section(admin, "Seats")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Enroll|Disenroll|Move|More"))).to_have_count(0)
    admin.open(f"/groups/{group}", token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    expect(page.get_by_role("heading", name="You may not see enrollments")).to_be_visible()
    admin.assert_accessible()
    assert admin.complaints == []


def test_what_an_address_names_and_is_not_there_is_explained(admin: AdminVisit) -> None:
    page = admin.page
    for unknown in ("00000000-0000-7000-8000-000000000000", "nonsense"):
        for path, heading in (
            (f"/groups/{unknown}", "There is no such group"),
            (f"/groups/{unknown}/edit", "There is no such group"),
            (f"/sessions/{unknown}/sign-in-sheet", "There is no such session"),
            (f"/groups?session={unknown}", "There is no such session"),
            (f"/patients/{unknown}", "There is no such patient"),
            (f"/closures?dialog=edit&closure={unknown}", "There is no such closure"),
        ):
            admin.open(path)
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
            expect(page.get_by_role("alert")).to_have_count(0)
    admin.assert_accessible()
    admin.open("/groups?pages=nonsense&week=9999-12-31")
    expect(page.get_by_role("row", name=re.compile(FULL_GROUP))).to_be_visible()
    assert admin.complaints == []


def test_changes_of_others_show_up_when_the_window_gets_the_focus(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, OPEN_GROUP)
    before = len(patients(admin, "Seats"))
    enroll_another(admin, group)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(section(admin, "Seats").locator("tbody tr")).to_have_count(before + 1)

"""The Enrollments tab of the admin UI: what enrolling will do, why patients wait, dates, and reinstating."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, OPEN_GROUP, open_group, patients, section, stored_waitlist
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

WIDE_GROUP = "Morning Check-In"
CLASHING_GROUP = "Day Program"
PROGRAM_GROUP, OTHER_PROGRAM_GROUP = "Evening Intensive Outpatient", "Morning Intensive Outpatient"
DRY_RUN = """mutation($input: EnrollPatientInput!) {
    enrollPatient(input: $input) { decision { status waitlistPosition } conflicts { message } } }"""
WEEKS = """query($id: ID!, $now: Date!, $then: Date!) { patient(id: $id) {
    now: compliance(weekOf: $now) { weekStart hours days }
    then: compliance(weekOf: $then) { weekStart hours days } } }"""
DISENROLL = "mutation($input: DisenrollPatientInput!) { disenrollPatient(input: $input) { userErrors { code } } }"


def near(day: date) -> str:
    """Return a day as the page says it."""
    words = f"{day:%b} {day.day}"
    return words if day.year == today().year else f"{words}, {day.year}"


def newcomer(admin: AdminVisit, group: str, *, seated_in: str) -> tuple[str, str, str]:
    """Return id, name and record number of a patient of another group who was never in this one."""
    [patient, *_] = admin.stored_rows(
        "SELECT p.id, p.display_name, p.medical_record_number FROM pm_group_patients p"
        " JOIN pm_group_enrollments e ON e.patient_id = p.id"
        " JOIN pm_group_definitions g ON g.id = e.group_definition_id"
        " WHERE p.active AND e.status = 'ENROLLED' AND e.deleted_at IS NULL AND g.name = ?"
        " AND NOT EXISTS (SELECT 1 FROM pm_group_enrollments o"
        " WHERE o.patient_id = p.id AND o.group_definition_id = ?) ORDER BY p.display_name",
        seated_in,
        group,
    )
    return patient


def enrollments_of(admin: AdminVisit, group: str, name: str) -> list[tuple[str, str, str | None, str | None]]:
    return admin.stored_rows(
        "SELECT e.id, e.status, e.start_date, e.end_date FROM pm_group_enrollments e"
        " JOIN pm_group_patients p ON p.id = e.patient_id WHERE e.group_definition_id = ? AND p.display_name = ?",
        group,
        name,
    )


def enroll_dialog(admin: AdminVisit, number: str) -> Locator:
    """Open the dialog and choose a patient."""
    admin.page.get_by_role("button", name="Enroll patients").click()
    dialog = admin.page.get_by_role("dialog", name="Enroll patients")
    field = dialog.get_by_role("combobox", name="Patient")
    field.fill(number)
    expect(dialog.get_by_role("option")).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    return dialog


def test_the_weekly_hours_with_a_seat_are_those_that_the_patient_then_has(admin: AdminVisit) -> None:
    group = open_group(admin, OTHER_PROGRAM_GROUP)
    patient, _, number = newcomer(admin, group, seated_in=PROGRAM_GROUP)
    dialog = enroll_dialog(admin, number)
    chosen = dialog.get_by_role("list", name="Patients to enroll")
    expect(chosen).to_contain_text(re.compile(r"Weekly hours in IOP, week of .+: [\d.]+ hours? on \d days?\."))
    foreseen = chosen.get_by_text("With a seat in this group: ")
    expect(foreseen).to_have_text(re.compile(r"[\d.]+ hours? on \d days?, (which is enough|.+ too few)\."))
    hours, days = map(float, re.findall(r"([\d.]+) (?:hour|day)", foreseen.inner_text())[:2])
    dialog.get_by_role("button", name="Enroll", exact=True).click()
    expect(admin.toast("has a seat.")).to_be_visible()
    weeks = admin.send(WEEKS, id=f"patient:{patient}", now=str(today()), then=str(today() + timedelta(days=7)))[
        "patient"
    ]
    whole = next(week for week in (*weeks["now"], *weeks["then"]) if week["weekStart"] >= str(today()))
    assert (whole["hours"], whole["days"]) == (hours, days)
    assert admin.complaints == []


def row_of(admin: AdminVisit, part: str, name: str) -> Locator:
    return section(admin, part).get_by_role("row").filter(has_text=name)


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_server_says_what_enrolling_will_do_before_it_is_confirmed(admin: AdminVisit) -> None:
    group = open_group(admin, OPEN_GROUP)
    seats = len(patients(admin, "Seats"))
    patient, name, number = newcomer(admin, group, seated_in=CLASHING_GROUP)
    foreseen = admin.send(
        DRY_RUN, input={"groupDefinitionId": group, "patientId": f"patient:{patient}", "dryRun": True}
    )
    dialog = enroll_dialog(admin, number)
    outlook = dialog.get_by_role("status", name="What will happen")
    expect(outlook).to_contain_text(f"the patient gets seat {seats + 1} of 10")
    chosen = dialog.get_by_role("list", name="Patients to enroll")
    expect(chosen).to_contain_text(f"{CLASHING_GROUP}: {foreseen['enrollPatient']['conflicts'][0]['message']}")
    expect(chosen).to_contain_text(re.compile(r"Weekly hours in PHP, week of .+: [\d.]+ hours? on \d days?\."))
    expect(chosen).to_contain_text("With a seat in this group: the same, because it does not count toward PHP.")
    expect(outlook).to_contain_text(re.compile(r"The group meets for [\d.]+ hours? in the 7 days from"))
    admin.assert_accessible()

    start, end = today() + timedelta(days=10), today() + timedelta(days=40)
    dialog.get_by_label("Start date").fill(end.isoformat())
    dialog.get_by_label("End date").fill(start.isoformat())
    expect(dialog.get_by_text(f"The start must not be after the end, {start}.")).to_be_visible()
    expect(dialog.get_by_label("Start date")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("End date")).to_be_focused()
    expect(outlook).to_contain_text("The server would refuse this")
    admin.assert_accessible()
    assert enrollments_of(admin, group, name) == []

    dialog.get_by_label("Start date").fill(start.isoformat())
    dialog.get_by_label("End date").fill(end.isoformat())
    expect(outlook).to_contain_text(f"the patient gets seat {seats + 1} of 10")
    dialog.get_by_role("button", name="Enroll", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(admin.toast("has a seat.")).to_be_visible()
    words = row_of(admin, "Seats", name).get_by_text(f"Starts {near(start)}, ends {near(end)}")
    expect(words.locator("visible=true")).to_be_visible()
    [(_, *stored)] = enrollments_of(admin, group, name)
    assert stored == ["ENROLLED", start.isoformat(), end.isoformat()]
    admin.assert_accessible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_waitlist_says_why_each_patient_waits(admin: AdminVisit) -> None:
    group = open_group(admin, FULL_GROUP)
    waiting = stored_waitlist(admin, group)
    _, name, number = newcomer(admin, group, seated_in=CLASHING_GROUP)
    dialog = enroll_dialog(admin, number)
    outlook = dialog.get_by_role("status", name="What will happen")
    expect(outlook).to_contain_text(f"the patient joins the waitlist at place {len(waiting) + 1}")
    expect(dialog.get_by_role("listitem")).to_contain_text("No conflict with other groups of the patient.")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Add to waitlist").click()
    expect(dialog).to_be_hidden()
    expect(admin.toast(f"is at place {len(waiting) + 1} of the waitlist.")).to_be_visible()
    assert stored_waitlist(admin, group) == [*waiting, name]
    query = """query($id: ID!) { groupDefinition(id: $id) { enrollments(status: [WAITLISTED]) {
        nodes { patient { displayName } waitlistExplanation { message } } } } }"""
    nodes = admin.send(query, id=group)["groupDefinition"]["enrollments"]["nodes"]
    assert len(nodes) == len(waiting) + 1
    for node in nodes:
        reason = row_of(admin, "Waitlist", node["patient"]["displayName"]).get_by_text(
            node["waitlistExplanation"]["message"]
        )
        expect(reason.locator("visible=true")).to_be_visible()
    admin.assert_accessible()
    assert admin.complaints == []


def test_conflicts_are_left_out_with_a_word_for_who_may_not_see_schedules(admin: AdminVisit) -> None:
    group = admin.group_id(OPEN_GROUP)
    keys = (
        PermissionKey.GROUP_DEFINITIONS_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_CREATE,
    )
    admin.open(f"/groups/{group}", token=demo_token(*keys))
    expect(section(admin, "Seats")).to_be_visible()
    _, name, number = newcomer(admin, group, seated_in=CLASHING_GROUP)
    outlook = enroll_dialog(admin, number).get_by_role("status", name="What will happen")
    expect(outlook).to_contain_text("the patient gets seat")
    chosen = admin.page.get_by_role("list", name="Patients to enroll")
    expect(chosen).to_contain_text("that needs pm.group_schedule.view")
    expect(chosen).not_to_contain_text(CLASHING_GROUP)
    admin.assert_accessible()
    assert enrollments_of(admin, group, name) == []
    assert section(admin, "Past enrollments").get_by_role("button").count() == 0
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_seats_show_their_ends_and_patients_who_are_inactive(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, WIDE_GROUP)
    ending, ended, inactive = patients(admin, "Seats")[:3]
    soon, past = today() + timedelta(days=3), today() - timedelta(days=3)
    for name, day in ((ending, soon), (ended, past)):
        [(enrollment, *_)] = enrollments_of(admin, group, name)
        admin.change_rows(
            "UPDATE pm_group_enrollments SET start_date = '2026-01-02', end_date = ? WHERE id = ?",
            day.isoformat(),
            enrollment,
        )
    deactivate = "UPDATE pm_group_patients SET active = ? WHERE display_name = ?"
    admin.change_rows(deactivate, "0", inactive)
    try:
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        for name, words in ((ending, f"Ends {near(soon)}"), (ended, f"Ended {near(past)}")):
            expect(row_of(admin, "Seats", name).get_by_text(words).locator("visible=true")).to_be_visible()
        expect(row_of(admin, "Seats", inactive).get_by_text("Inactive in the registry")).to_be_visible()
        expect(section(admin, "Seats").get_by_text("Inactive in the registry")).to_have_count(1)
        admin.assert_accessible()
    finally:
        admin.change_rows(deactivate, "1", inactive)
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_past_enrollment_is_reinstated_to_a_free_seat(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, WIDE_GROUP)
    name = patients(admin, "Seats")[-1]
    [(enrollment, *_)] = enrollments_of(admin, group, name)
    admin.send(DISENROLL, input={"enrollmentId": str(UUID(enrollment))})
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_role("button", name=f"Reinstate {name}").click()
    dialog = page.get_by_role("dialog", name="Reinstate a patient")
    expect(dialog).to_contain_text(re.compile(rf"{name} gets seat \d+ of 25"))
    admin.assert_accessible()
    dialog.get_by_role("button", name="Reinstate", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(admin.toast("has a seat again.")).to_be_visible()
    expect(section(admin, "Seats").get_by_role("rowheader", name=re.compile(name))).to_be_visible()
    expect(page.get_by_role("button", name=f"Reinstate {name}")).to_have_count(0)
    [(same, status, _, _)] = enrollments_of(admin, group, name)
    assert (same, status) == (enrollment, "ENROLLED")
    admin.assert_accessible()
    assert admin.complaints == []


@pytest.mark.parametrize(("page", "over"), [(DESKTOP, False), (PHONE, True)], indirect=["page"])
def test_in_a_full_group_who_reinstates_chooses_between_waitlist_and_a_seat_over_capacity(
    admin: AdminVisit, *, over: bool
) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    name = patients(admin, "Seats")[0]
    [(enrollment, *_)] = enrollments_of(admin, group, name)
    admin.send(DISENROLL, input={"enrollmentId": str(UUID(enrollment))})
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_role("button", name=f"Reinstate {name}").click()
    dialog = page.get_by_role("dialog", name="Reinstate a patient")
    expect(dialog.get_by_role("radio", name="Wait at the first place of the waitlist")).to_be_checked()
    waiting = stored_waitlist(admin, group)
    if over:
        dialog.get_by_role("radio", name=re.compile(r"Take a seat over capacity: 9 patients on 8 seats")).check()
    admin.assert_accessible()
    dialog.get_by_role("button", name="Reinstate over capacity" if over else "Put first on the waitlist").click()
    expect(dialog).to_be_hidden()
    [(same, status, _, _)] = enrollments_of(admin, group, name)
    if over:
        expect(admin.toast("has a seat again.")).to_be_visible()
        expect(page.get_by_role("meter", name="Seats taken")).to_have_attribute(
            "aria-valuetext", "9 of 8 seats taken, 1 over"
        )
        assert (same, status) == (enrollment, "ENROLLED")
        assert stored_waitlist(admin, group) == waiting
    else:
        expect(admin.toast("is at place 1 of the waitlist.")).to_be_visible()
        expect(admin.toast(f"{len(waiting)} waiting patients moved back by one place.")).to_be_visible()
        assert (same, status) == (enrollment, "WAITLISTED")
        assert stored_waitlist(admin, group) == [name, *waiting]
    admin.assert_accessible()
    assert admin.complaints == []

"""Several patients at once in the admin UI: enrolling and transferring them, and the dates of a stay."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, OPEN_GROUP, open_group, patients, section, stored_waitlist
from tests.web.test_admin_enrollment_details import WIDE_GROUP, enrollments_of, near, row_of
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

UPDATE = """mutation($input: UpdateEnrollmentInput!) {
    updateEnrollment(input: $input) { userErrors { message } } }"""


def strangers(admin: AdminVisit, group: str, count: int) -> list[tuple[str, str]]:
    """Return names and record numbers of active patients who were never in the group."""
    return admin.stored_rows(
        "SELECT display_name, medical_record_number FROM pm_group_patients p WHERE active AND NOT EXISTS"
        " (SELECT 1 FROM pm_group_enrollments e WHERE e.patient_id = p.id AND e.group_definition_id = ?)"
        f" ORDER BY display_name DESC LIMIT {count}",
        group,
    )


def choose(dialog: Locator, field: str, text: str) -> None:
    combobox = dialog.get_by_role("combobox", name=field)
    combobox.fill(text)
    expect(dialog.get_by_role("option")).to_have_count(1)
    dialog.get_by_role("option").click()


def short(name: str) -> str:
    return f"{name.split(maxsplit=1)[0]} {name.rsplit(maxsplit=1)[-1][0]}."


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_many_are_enrolled_at_once_and_each_refusal_is_at_its_patient(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, WIDE_GROUP)
    seats = len(patients(admin, "Seats"))
    chosen = strangers(admin, group, 3)
    page.get_by_role("button", name="Enroll patients").click()
    dialog = page.get_by_role("dialog", name="Enroll patients")
    for _, number in chosen:
        choose(dialog, "Patient", number)
        expect(dialog.get_by_role("listitem").filter(has_text=number)).to_be_visible()
        expect(dialog.get_by_role("combobox", name="Patient")).to_be_focused()
    items = dialog.get_by_role("list", name="Patients to enroll").locator("> li")
    for index in range(3):
        expect(items.nth(index)).to_contain_text(f"Gets seat {seats + index + 1} of 25.")
    expect(dialog.get_by_role("status", name="What will happen")).to_contain_text("3 patients get seats.")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Enroll 3 patients").wait_for()

    refused = chosen[1][0]
    admin.change_rows("UPDATE pm_group_patients SET active = 0 WHERE display_name = ?", refused)
    try:
        dialog.get_by_role("button", name="Enroll 3 patients").click()
        expect(page.get_by_role("alert").filter(has_text=f"Not enrolled: {short(refused)}.")).to_be_visible()
        expect(items).to_have_count(1)
        expect(items).to_contain_text(refused)
        expect(items).to_contain_text("Not possible:")
        for name, _ in (chosen[0], chosen[2]):
            expect(admin.toast(f"{short(name)} has a seat.")).to_be_visible()
            assert enrollments_of(admin, group, name)[0][1] == "ENROLLED"
        assert enrollments_of(admin, group, refused) == []
        admin.assert_accessible()
        dialog.get_by_role("button", name=f"Take {refused} off the list").click()
        expect(items).to_have_count(0)
    finally:
        admin.change_rows("UPDATE pm_group_patients SET active = 1 WHERE display_name = ?", refused)
    assert admin.complaints == []


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_patients_are_transferred_and_their_seats_go_to_the_waitlist(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    target = admin.group_id("Distress Tolerance Skills")
    first, second = [name for name in patients(admin, "Seats") if not enrollments_of(admin, target, name)][:2]
    waiting = stored_waitlist(admin, group)
    page.get_by_role("button", name=f"More for {first}").click()
    page.get_by_role("menuitem", name="Transfer to another group").click()
    dialog = page.get_by_role("dialog", name="Transfer to another group")
    choose(dialog, "To group", "distress")
    choose(dialog, "Another patient", second)
    items = dialog.get_by_role("list", name="Patients to transfer").locator("> li")
    expect(items).to_have_count(2)
    for item in items.all():
        expect(item).to_contain_text(re.compile(r"Gets seat \d+ of|joins the waitlist at place \d+"))
        expect(item).to_contain_text(re.compile("onflict"))
    expect(dialog.get_by_role("status", name="What will happen")).to_contain_text("In Distress Tolerance Skills: ")
    admin.assert_accessible()
    assert enrollments_of(admin, target, first) == []

    dialog.get_by_label("Start date").fill("2020-01-01")
    expect(dialog.get_by_text(re.compile("days back|before today"))).to_be_visible()
    expect(dialog.get_by_role("status", name="What will happen")).to_contain_text("The server would refuse this")
    admin.assert_accessible()
    dialog.get_by_label("Start date").fill("")
    dialog.get_by_label("Reason").fill("Another day suits them")
    dialog.get_by_role("button", name="Transfer 2 patients").click()
    expect(dialog).to_be_hidden()
    for name in (first, second):
        expect(admin.toast(re.compile(f"{re.escape(short(name))} .* in Distress Tolerance Skills"))).to_be_visible()
        [*_, (_, status, _, _)] = enrollments_of(admin, target, name)
        assert status in {"ENROLLED", "WAITLISTED"}
        assert enrollments_of(admin, group, name)[-1][1] == "DISENROLLED"
    for name in waiting[:2]:
        expect(admin.toast(f"{short(name)} moved from the waitlist to a seat.")).to_be_visible()
    assert stored_waitlist(admin, group) == waiting[2:]
    expect(section(admin, "Past enrollments").get_by_text("Another day suits them").first).to_be_attached()
    admin.assert_accessible()
    assert admin.complaints == []


def test_who_may_not_enroll_is_offered_no_transfer(admin: AdminVisit) -> None:
    page = admin.page
    keys = (
        PermissionKey.GROUP_DEFINITIONS_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
    )
    admin.open(f"/groups/{admin.group_id(OPEN_GROUP)}", token=demo_token(*keys))
    page.get_by_role("button", name=re.compile("^More for")).first.click()
    expect(page.get_by_role("menuitem", name="Change the dates")).to_be_visible()
    expect(page.get_by_text(re.compile("Transfer"))).to_have_count(0)


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_dates_of_a_stay_are_edited_with_errors_and_conflicts_shown(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, OPEN_GROUP)
    name = patients(admin, "Seats")[0]
    [*_, (enrollment, _, _, _)] = enrollments_of(admin, group, name)
    soon = today().replace(year=today().year + 1, month=1, day=9)
    page.get_by_role("button", name=f"More for {name}").click()
    page.get_by_role("menuitem", name="Change the dates").click()
    dialog = page.get_by_role("dialog", name="Change the dates")
    dialog.get_by_label("End date").fill("2020-01-01")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_label("End date")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("End date")).to_be_focused()
    admin.assert_accessible()

    admin.send(UPDATE, input={"enrollmentId": str(UUID(enrollment)), "endDate": f"{soon.year}-02-02"})
    dialog.get_by_label("End date").fill(soon.isoformat())
    dialog.get_by_role("button", name="Save", exact=True).click()
    conflict = dialog.get_by_role("alert").filter(has_text="Somebody else has changed this enrollment meanwhile")
    expect(conflict.get_by_role("row", name=f"End date Feb 2, {soon.year} Jan 9, {soon.year}")).to_be_visible()
    admin.assert_accessible()
    conflict.get_by_role("button", name="Save mine").click()
    expect(dialog).to_be_hidden()
    expect(admin.toast(f"The dates of {short(name)} were saved")).to_be_visible()
    expect(row_of(admin, "Seats", name).get_by_text(f"nds {near(soon)}").locator("visible=true")).to_be_visible()
    assert enrollments_of(admin, group, name)[-1][3] == soon.isoformat()
    admin.send(UPDATE, input={"enrollmentId": str(UUID(enrollment)), "endDate": None})
    assert admin.complaints == []

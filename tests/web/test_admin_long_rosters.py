"""The Enrollments tab with lists of several pages, and the removal of what was enrolled in error."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, open_group, patients, section, stored_waitlist
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

LIMIT = 200
SEATS, WAITING, PAST = 201, LIMIT + 3, 52
CREATE = (
    "mutation($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) { groupDefinition { id } } }"
)
ENROLL = "mutation($input: EnrollPatientsInput!) { enrollPatients(input: $input) { results { id } } }"
DISENROLL = "mutation($input: DisenrollPatientInput!) { disenrollPatient(input: $input) { userErrors { code } } }"


def create_patients(admin: AdminVisit, count: int) -> list[str]:
    """Add patients to the registry, as an import does, and return their ids."""
    columns = [name for _, name, *_ in admin.stored_rows("PRAGMA table_info(pm_group_patients)")]
    values = {
        "id": "'many-' || printf('%03d', n)",
        "display_name": "'Many ' || printf('%03d', n)",
        "search_text": "'many ' || printf('%03d', n)",
        "medical_record_number": "'MANY-' || printf('%03d', n)",
    }
    admin.change_rows(
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
        f" INSERT INTO pm_group_patients ({', '.join(columns)})"
        f" SELECT {', '.join(values.get(name, name) for name in columns)} FROM numbers,"
        " (SELECT * FROM pm_group_patients WHERE active LIMIT 1)"
    )
    return [f"many-{number:03}" for number in range(1, count + 1)]


def enroll(admin: AdminVisit, group: str, ids: list[str]) -> None:
    for start in range(0, len(ids), 200):
        admin.send(ENROLL, input={"groupDefinitionId": group, "patientIds": ids[start : start + 200]})


def wait_beyond_the_limit(admin: AdminVisit, group: str, ids: list[str]) -> None:
    """Add patients to a waitlist that is at the limit of this server, as a server with a higher one does."""
    columns = [name for _, name, *_ in admin.stored_rows("PRAGMA table_info(pm_group_enrollments)")]
    values = {"id": "lower(hex(randomblob(16)))", "waitlist_position": "waitlist_position + 1"}
    for patient in ids:
        admin.change_rows(
            f"INSERT INTO pm_group_enrollments ({', '.join(columns)})"
            f" SELECT {', '.join('?' if name == 'patient_id' else values.get(name, name) for name in columns)}"
            " FROM pm_group_enrollments WHERE group_definition_id = ? ORDER BY waitlist_position DESC LIMIT 1",
            patient,
            group,
        )


def create_long_group(admin: AdminVisit) -> str:
    """Create a group whose seats, waitlist and past enrollments take two pages each."""
    group = {
        "name": "Many Patients",
        "groupType": "THERAPY",
        "facilitatorId": "staff-01",
        "maxCapacity": SEATS,
        "durationMinutes": 60,
    }
    opened = str(admin.send(CREATE, input=group)["createGroupDefinition"]["groupDefinition"]["id"])
    ids = create_patients(admin, PAST + SEATS + WAITING)
    enroll(admin, opened, ids[:PAST])
    for (enrollment,) in admin.stored_rows("SELECT id FROM pm_group_enrollments WHERE group_definition_id = ?", opened):
        admin.send(DISENROLL, input={"enrollmentId": str(UUID(enrollment))})
    enroll(admin, opened, ids[PAST : PAST + SEATS + LIMIT])
    wait_beyond_the_limit(admin, opened, ids[PAST + SEATS + LIMIT :])
    return opened


def expect_page(list_: Locator, words: str) -> None:
    expect(list_.get_by_role("group", name="Pages").get_by_role("status")).to_have_text(words)


def test_seats_waitlist_and_past_enrollments_come_in_pages(admin: AdminVisit) -> None:
    group = create_long_group(admin)
    admin.open(f"/groups/{group}")
    seats, waitlist, past = (section(admin, name) for name in ("Seats", "Waitlist", "Past enrollments"))
    expect(seats).to_be_visible(timeout=30_000)  # 450 patients
    expect_page(seats, f"1 to 200 of {SEATS}")
    first_seated = patients(admin, "Seats")
    seats.get_by_role("button", name="Next").click()
    expect_page(seats, f"201 to {SEATS} of {SEATS}")
    assert not set(patients(admin, "Seats")) & set(first_seated)
    past.get_by_role("button", name="Next").click()
    expect_page(past, f"51 to {PAST} of {PAST}")

    order = stored_waitlist(admin, group)
    waitlist.get_by_role("button", name="Next").click()
    expect_page(waitlist, f"201 to {WAITING} of {WAITING}")
    assert patients(admin, "Waitlist") == order[200:]
    waitlist.get_by_role("button", name=f"Move {order[201]} up").click()
    expect(admin.toast("is at place 201 of the waitlist now.")).to_be_visible()
    assert stored_waitlist(admin, group)[200:] == [order[201], order[200], order[202]]
    expect(waitlist.get_by_role("row").nth(1)).to_contain_text(order[201])
    last_page = waitlist.get_by_role("group", name="Pages").get_by_role("status")
    waitlist.get_by_role("button", name=f"Move {order[201]} up").click()
    expect(admin.toast("is at place 200 of the waitlist now.")).to_be_visible()
    expect(waitlist.get_by_role("row").nth(1)).to_contain_text(re.compile(f"^200.*{order[201]}"))
    expect(last_page).to_have_text(f"200 to {WAITING} of {WAITING}")
    admin.assert_accessible()
    waitlist.get_by_role("button", name="Previous").click()
    expect_page(waitlist, f"1 to 200 of {WAITING}")
    expect(waitlist.get_by_role("row").nth(200)).to_contain_text(order[201])
    expect_dialogs_of_later_pages(admin, group, order[-1])
    assert admin.complaints == []


def expect_dialogs_of_later_pages(admin: AdminVisit, group: str, name: str) -> None:
    """Expect that the address of a dialog opens it for an enrollment that is not on the first page of its list."""
    [(enrollment,)] = admin.stored_rows(
        "SELECT e.id FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND p.display_name = ? AND e.status = 'WAITLISTED'",
        group,
        name,
    )
    dialog = admin.page.get_by_role("dialog")
    for search, words in (
        (f"dialog=position&enrollment={UUID(enrollment)}", f"{name} is at place {WAITING} of {WAITING}."),
        (f"dialog=transfer&enrollment={UUID(enrollment)}", name),
        (f"dialog=reinstate&enrollment={UUID(enrollment)}", f"{name} waits for a seat in the group, so"),
        (f"dialog=dates&enrollment={UUID(int=1)}", "There is no such enrollment"),
    ):
        admin.open(f"/groups/{group}?{search}")
        expect(dialog).to_contain_text(words)
    admin.assert_accessible()


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_an_enrollment_made_in_error_is_removed(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    wrong, first = patients(admin, "Seats")[0], patients(admin, "Waitlist")[0]
    page.get_by_role("button", name=f"More for {wrong}").click()
    page.get_by_role("menuitem", name="Remove, made in error").click()
    dialog = page.get_by_role("dialog", name="Remove an enrollment")
    expect(dialog).to_contain_text(f"as if {wrong} had never been in the group")
    admin.assert_accessible()
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_be_hidden()
    expect(admin.toast(re.compile("^The enrollment of .+ was removed"))).to_be_visible()
    expect(admin.toast(f"{first.split()[0]} {first.split()[1][0]}. moved from the waitlist to a seat.")).to_be_visible()
    expect(section(admin, "Seats").get_by_role("rowheader", name=re.compile(first))).to_be_visible()
    expect(page.get_by_role("rowheader", name=re.compile(wrong))).to_have_count(0)
    rows = admin.stored_rows(
        "SELECT e.deleted_at IS NOT NULL FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND p.display_name = ?",
        group,
        wrong,
    )
    assert rows == [(1,)]
    assert admin.complaints == []


def test_removing_is_all_that_the_delete_key_offers(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(FULL_GROUP)
    view = (PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_ENROLLMENTS_VIEW)
    admin.open(f"/groups/{group}", token=demo_token(*view, PermissionKey.GROUP_ENROLLMENTS_DELETE))
    page.get_by_role("button", name=re.compile("^More for")).first.click()
    expect(page.get_by_role("menuitem")).to_have_text(["Remove, made in error …"])
    expect(page.get_by_role("button", name=re.compile("^Disenroll|^Move|^Reinstate"))).to_have_count(0)
    admin.assert_accessible()
    admin.open(f"/groups/{group}", token=demo_token(*view, PermissionKey.GROUP_ENROLLMENTS_EDIT))
    page.get_by_role("button", name=re.compile("^More for")).first.click()
    expect(page.get_by_role("menuitem", name="Change the dates")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Remove")).to_have_count(0)


def test_the_dates_of_a_past_enrollment_are_corrected(admin: AdminVisit) -> None:
    page = admin.page
    group = open_group(admin, FULL_GROUP)
    [(enrollment, name)] = admin.stored_rows(
        "SELECT e.id, p.display_name FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ? AND e.status = 'ENROLLED' ORDER BY p.display_name DESC LIMIT 1",
        group,
    )
    admin.send(DISENROLL, input={"enrollmentId": str(UUID(enrollment))})
    open_group(admin, FULL_GROUP)
    row = section(admin, "Past enrollments").get_by_role("row").filter(has_text=name).first
    row.get_by_role("button", name=f"More for {name}").click()
    page.get_by_role("menuitem", name="Change the dates").click()
    dialog = page.get_by_role("dialog", name="Change the dates")
    expect(dialog).to_contain_text(f"{name} was expected")
    last = dialog.get_by_label("Start date").input_value()
    dialog.get_by_label("End date").fill(last)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert admin.stored_rows("SELECT end_date FROM pm_group_enrollments WHERE id = ?", enrollment) == [(last,)]

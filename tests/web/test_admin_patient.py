"""A patient's drawer and page in the admin UI."""

import re
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.rosters import FULL_GROUP, OPEN_GROUP, open_group, patients, section
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser


def drawer(admin: AdminVisit) -> Locator:
    return admin.page.get_by_role("dialog", name="Patient")


def facts(admin: AdminVisit, name: str) -> tuple[str, str, str]:
    """Return the registry id, the record number and the birth date of a patient."""
    [row] = admin.stored_rows(
        "SELECT id, medical_record_number, birth_date FROM pm_group_patients WHERE display_name = ?", name
    )
    return row


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_name_opens_the_drawer_and_back_closes_it(admin: AdminVisit) -> None:
    page = admin.page
    open_group(admin, FULL_GROUP)
    name = patients(admin, "Seats")[0]
    registry_id, record_number, birth_date = facts(admin, name)
    link = section(admin, "Seats").get_by_role("link", name=name)
    link.focus()
    page.keyboard.press("Enter")
    expect(drawer(admin).get_by_role("heading", name=name)).to_be_visible()
    expect(drawer(admin)).to_contain_text(record_number)
    expect(drawer(admin).get_by_role("group", name="Groups")).to_contain_text(FULL_GROUP)
    admin.assert_accessible()
    page.go_back()
    expect(drawer(admin)).to_be_hidden()
    link.click()
    page.keyboard.press("Escape")
    expect(drawer(admin)).to_be_hidden()
    expect(link).to_be_focused()
    link.click()
    drawer(admin).get_by_role("link", name="Everything about this patient").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(drawer(admin)).to_be_hidden()
    admin.assert_accessible()
    addresses = " ".join(admin.requested) + page.url
    for secret in (registry_id, record_number, birth_date, *name.split()):
        assert secret not in addresses
    assert name not in page.title()
    assert admin.complaints == []


def open_patient(admin: AdminVisit, name: str, search: str = "") -> None:
    """Open the page of a patient who has an enrollment, by its id."""
    [(enrollment,), *_] = admin.stored_rows(
        "SELECT e.id FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE p.display_name = ? ORDER BY e.created_at",
        name,
    )
    admin.open(f"/patients/{UUID(enrollment)}{search}")
    expect(admin.page.get_by_role("heading", name=name, level=1)).to_be_visible()


def hours_by_day(admin: AdminVisit, group: str, first: date) -> list[float]:
    """Return the stored hours of a group on each day of a week."""
    rows = admin.stored_rows(
        "SELECT session_date, sum((julianday(ends_at) - julianday(starts_at)) * 24) FROM pm_group_schedule"
        " WHERE group_definition_id = (SELECT id FROM pm_group_definitions WHERE name = ?) AND status = 'SCHEDULED'"
        " AND session_date BETWEEN ? AND ? GROUP BY session_date",
        group,
        first.isoformat(),
        (first + timedelta(days=6)).isoformat(),
    )
    hours = {day: round(total, 2) for day, total in rows}
    return [hours.get((first + timedelta(days=step)).isoformat(), 0) for step in range(7)]


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_page_steps_through_weeks_and_shows_conflicts_and_the_past(admin: AdminVisit) -> None:
    page = admin.page
    [(name, patient)] = admin.stored_rows(
        "SELECT p.display_name, p.id FROM pm_group_patients p JOIN pm_group_enrollments e ON e.patient_id = p.id"
        " JOIN pm_group_definitions d ON d.id = e.group_definition_id"
        " WHERE e.status = 'ENROLLED' AND d.name IN ('Morning Intensive Outpatient', 'Day Program')"
        " GROUP BY p.id HAVING count(*) = 2"
    )
    enroll = "mutation($i: EnrollPatientInput!) { enrollPatient(input: $i) { enrollment { id } } }"
    leave = "mutation($i: DisenrollPatientInput!) { disenrollPatient(input: $i) { userErrors { message } } }"
    group = {"groupDefinitionId": admin.group_id(OPEN_GROUP), "patientId": patient}
    enrollment = admin.send(enroll, i=group)["enrollPatient"]["enrollment"]["id"]
    admin.send(leave, i={"enrollmentId": enrollment, "reason": "Prefers the mornings"})

    open_patient(admin, name)
    page.get_by_role("button", name="Next week").click()
    today = datetime.now(ZoneInfo("UTC")).date()
    expect(page).to_have_url(re.compile(r"\?week=\d{4}-\d\d-\d\d$"))
    day = date.fromisoformat(page.url.partition("week=")[2])
    assert timedelta(days=5) < day - today < timedelta(days=9)
    week = section(admin, "Hours of the week")
    sunday = day - timedelta(days=day.isoweekday() % 7)  # the clinic's weeks begin on Sunday
    for program, of in (("IOP", "Morning Intensive Outpatient"), ("PHP", "Day Program")):
        hours = hours_by_day(admin, of, sunday)
        days = week.get_by_role("list", name=f"Hours of {program} by day").get_by_role("listitem")
        expect(days).to_have_text([re.compile(f"{hour:g} h$" if hour else "None$") for hour in hours])
        expect(week).to_contain_text(f"{sum(hours):g} hours on {sum(map(bool, hours))} days")
    expect(week.get_by_text("At risk").first).to_be_visible()
    conflicts = section(admin, "Conflicts")
    expect(conflicts).to_contain_text(re.compile(r"and \d+ later times"))
    expect(conflicts.get_by_role("link", name="Day Program")).to_be_visible()
    past = section(admin, "Past enrollments").get_by_role("listitem").filter(has_text="Prefers the mornings").first
    expect(past.get_by_role("link", name=OPEN_GROUP)).to_be_visible()
    admin.assert_accessible()
    page.get_by_role("button", name="This week").click()
    expect(page).not_to_have_url(re.compile("week="))
    conflicts.get_by_role("link", name="Day Program").click()
    expect(page.get_by_role("heading", name="Day Program", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert admin.complaints == []


def test_inactive_merged_and_unknown_patients_are_explained(admin: AdminVisit) -> None:
    page = admin.page
    rows = admin.stored_rows(
        "SELECT p.display_name FROM pm_group_enrollments e JOIN pm_group_definitions d ON d.id = e.group_definition_id"
        " JOIN pm_group_patients p ON p.id = e.patient_id WHERE e.status = 'ENROLLED'"
        " GROUP BY p.id HAVING group_concat(d.name) = ? LIMIT 2",
        FULL_GROUP,
    )
    [(name,), (survivor,)] = rows
    _, record_number, _ = facts(admin, survivor)
    admin.change_rows("UPDATE pm_group_patients SET active = 0 WHERE display_name = ?", name)
    open_patient(admin, name)
    expect(page.get_by_role("alert")).to_contain_text("gets no seat")
    expect(section(admin, "Groups")).to_contain_text(FULL_GROUP)
    expect(section(admin, "Hours of the week")).to_contain_text("no hours are required")
    page.get_by_role("button", name="Next week").click()
    thursday = page.get_by_role("list", name="Hours by day").get_by_role("listitem").nth(3)
    expect(thursday).to_have_text(re.compile(r"^Thu.*1\.25 h$"))
    admin.assert_accessible()

    admin.change_rows(
        "UPDATE pm_group_patients SET replaced_by = (SELECT id FROM pm_group_patients WHERE display_name = ?)"
        " WHERE display_name = ?",
        survivor,
        name,
    )
    open_patient(admin, name)
    expect(page.get_by_role("alert")).to_contain_text(f"{survivor}, {record_number}. New enrollments belong there.")
    page.get_by_role("alert").get_by_role("link", name=survivor).click()
    expect(drawer(admin).get_by_role("heading", name=survivor)).to_be_visible()
    admin.assert_accessible()

    for key in ("0198c0de-0000-7000-8000-000000000000", "tab-0000", "nonsense"):
        admin.open(f"/patients/{key}")
        expect(page.get_by_role("heading", name="There is no such patient")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
    admin.assert_accessible()
    admin.open(f"/patients/{UUID(int=1)}", token=demo_token(PermissionKey.GROUP_SCHEDULE_VIEW))
    expect(page.get_by_role("heading", name="You may not see patients")).to_be_visible()
    assert admin.complaints == []

"""Today in the admin UI: the sessions of a day, what needs attention, and the start page."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Locator, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

SCHEDULE, GROUPS, ENROLLMENTS = (
    PermissionKey.GROUP_SCHEDULE_VIEW,
    PermissionKey.GROUP_DEFINITIONS_VIEW,
    PermissionKey.GROUP_ENROLLMENTS_VIEW,
)


def part(admin: AdminVisit, name: str) -> Locator:
    return admin.page.get_by_role("region", name=name, exact=True)


def closed_day(admin: AdminVisit) -> str:
    """Return the first day on which Ocotillo Hall is closed. Morning Check-In meets there every day."""
    [[day]] = admin.stored_rows("SELECT from_date FROM pm_group_closures WHERE name = 'Floor repairs'")
    return str(day)


def day_before(day: str, days: int = 1) -> str:
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_today_shows_the_sessions_conflicts_and_closures_of_a_day(admin: AdminVisit) -> None:
    day = closed_day(admin)
    admin.open(f"/today?day={day}")
    sessions = part(admin, "Sessions")
    check_in = sessions.get_by_role("row").filter(has_text="Morning Check-In")
    expect(check_in).to_contain_text("8:00 AM")
    expect(check_in.get_by_text(re.compile("Ocotillo Hall")).locator("visible=true")).to_be_visible()
    expect(check_in.get_by_text("Jonas Brambrook").locator("visible=true")).to_be_visible()
    expect(check_in).to_contain_text("9 of 25")
    stored = admin.stored_rows("SELECT starts_at FROM pm_group_schedule WHERE session_date = ?", day)
    expect(sessions.locator("tbody tr")).to_have_count(len(stored))
    expect(part(admin, "Conflicts")).to_contain_text("Closed: Floor repairs")
    expect(part(admin, "Conflicts").get_by_role("link", name="Morning Check-In")).to_be_visible()
    expect(part(admin, "Closures")).to_contain_text("Saguaro House (Demo), Ocotillo Hall")
    expect(part(admin, "Groups below minimum").get_by_role("link", name="Family Support Circle")).to_be_visible()
    undocumented = admin.stored_rows(
        "SELECT id FROM pm_group_schedule WHERE status = 'SCHEDULED' AND session_date < ?", today().isoformat()
    )
    expect(part(admin, "Past and not documented")).to_contain_text(str(len(undocumented)))
    admin.assert_accessible()
    assert admin.complaints == []


def test_each_step_of_the_day_is_in_the_address(admin: AdminVisit) -> None:
    page = admin.page
    day = closed_day(admin)
    admin.open(f"/today?day={day}")
    page.get_by_role("button", name="Previous day").click()
    expect(page).to_have_url(re.compile(f"day={day_before(day)}$"))
    page.go_back()
    expect(part(admin, "Closures")).to_contain_text("Floor repairs")
    page.get_by_label("Day", exact=True).fill(day_before(day, 4))
    expect(page).to_have_url(re.compile(f"day={day_before(day, 4)}$"))
    cancelled = part(admin, "Sessions").get_by_role("row").filter(has_text="Morning Check-In")
    expect(cancelled).to_contain_text("Cancelled")
    expect(cancelled).to_contain_text("Staff training day")
    expect(cancelled.get_by_role("link", name="Sign-in sheet")).to_be_hidden()
    expect(part(admin, "Closures")).to_contain_text("Everything is open.")
    page.get_by_role("button", name="Today", exact=True).click()
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("/today$"))


def test_today_shows_who_starts_who_ends_and_who_is_seated_but_inactive(admin: AdminVisit) -> None:
    [[ending, last_day]] = admin.stored_rows(
        "SELECT p.display_name, e.end_date FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.end_date IS NOT NULL"
    )
    admin.open(f"/today?day={last_day}")
    expect(part(admin, "First day")).to_contain_text("Nobody's stay starts.")
    expect(part(admin, "Last day")).to_contain_text(ending)
    starting = start_on(admin, last_day)
    expect(part(admin, "Seats of inactive patients")).to_contain_text("Everybody with a seat is active")
    admin.change_rows("UPDATE pm_group_patients SET active = 0 WHERE display_name = ?", ending)
    admin.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(part(admin, "Seats of inactive patients")).to_contain_text(ending)
    expect(part(admin, "First day").get_by_role("listitem")).to_have_count(1)
    expect(part(admin, "First day").get_by_role("link", name=starting)).to_be_visible()
    expect(part(admin, "Last day")).not_to_contain_text(starting)
    part(admin, "Seats of inactive patients").get_by_role("link", name=ending).first.click()
    expect(admin.page.get_by_role("dialog")).to_contain_text(ending)
    assert ending.split()[0] not in admin.page.url


def start_on(admin: AdminVisit, day: str) -> str:
    """Let a seat start on a day. Return the patient's name."""
    [enrollment, name] = admin.stored_rows(
        "SELECT e.id, p.display_name FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.status = 'ENROLLED' AND e.end_date IS NULL ORDER BY e.id"
    )[0]
    mutation = "mutation($input: UpdateEnrollmentInput!) { updateEnrollment(input: $input) { userErrors { message } } }"
    updated = admin.send(mutation, input={"enrollmentId": str(UUID(enrollment)), "startDate": day})
    assert updated["updateEnrollment"]["userErrors"] == []
    return str(name)


def test_today_is_read_by_one_request(admin: AdminVisit) -> None:
    admin.open(f"/today?day={closed_day(admin)}")
    expect(part(admin, "Closures")).to_contain_text("Floor repairs")
    requests = [url for url in admin.requested if url.endswith("/graphql")]
    assert len(requests) <= 4, "the viewer, the day, the stream of changes, and the day again once that is open"


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ((SCHEDULE,), "/today"),
        ((ENROLLMENTS,), "/today"),
        ((GROUPS,), "/groups"),
        ((SCHEDULE, GROUPS, ENROLLMENTS), "/today"),
    ],
    ids=["schedule", "enrollments", "groups", "all"],
)
def test_the_start_is_the_first_screen_that_the_person_may_see(
    admin: AdminVisit, keys: tuple[PermissionKey, ...], start: str
) -> None:
    admin.open("/", token=demo_token(*keys))
    expect(admin.page).to_have_url(f"{admin.server.address}{start}")
    expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
    assert admin.complaints == []


@pytest.mark.parametrize("key", [SCHEDULE, GROUPS, ENROLLMENTS], ids=str)
def test_parts_without_permission_say_which_one_they_need(admin: AdminVisit, key: PermissionKey) -> None:
    needs = {
        "Sessions": SCHEDULE,
        "Conflicts": SCHEDULE,
        "Closures": SCHEDULE,
        "Past and not documented": SCHEDULE,
        "First day": ENROLLMENTS,
        "Last day": ENROLLMENTS,
        "Seats of inactive patients": ENROLLMENTS,
        "Groups below minimum": GROUPS,
    }
    admin.open(f"/today?day={closed_day(admin)}", token=demo_token(key))
    for name, needed in needs.items():
        words = f"It needs the permission {needed}."
        if needed == key:
            expect(part(admin, name)).not_to_contain_text(words)
        else:
            expect(part(admin, name)).to_contain_text(words)
    expect(admin.page.get_by_role("alert")).to_be_hidden()
    admin.assert_accessible()
    assert admin.complaints == []

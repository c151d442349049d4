"""The week in the admin UI: the calendar by facilitator or by room, its conflicts in words, and its print."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

GROUP_IN_DENVER = "Evening Intensive Outpatient"
OTHER_GROUP = "Tuesday Process Group"


def spring_forward() -> date:
    """Return the next Sunday on which Denver's clocks change to daylight saving time."""
    year = today().year
    sundays = [
        date(of_year, 3, day) for of_year in (year, year + 1) for day in range(8, 15)
        if date(of_year, 3, day).weekday() == 6
    ]  # fmt: skip
    return next(sunday for sunday in sundays if sunday > today() + timedelta(weeks=9))


def schedule(admin: AdminVisit, group: str, day: date, **fields: str) -> None:
    """Add a session at 9:00 by the API."""
    mutation = "mutation($input: CreateOccurrenceInput!) { createOccurrence(input: $input) { userErrors { message } } }"
    session = {"groupDefinitionId": admin.group_id(group), "sessionDate": day.isoformat(), "startTime": "09:00"}
    created = admin.send(mutation, input={**session, **fields})
    assert created["createOccurrence"]["userErrors"] == []


def closed_day(admin: AdminVisit) -> str:
    [[day]] = admin.stored_rows("SELECT from_date FROM pm_group_closures WHERE name = 'Floor repairs'")
    return str(day)


def test_the_week_is_a_table_by_facilitator_or_by_room(admin: AdminVisit) -> None:
    page = admin.page
    day = date.fromisoformat(closed_day(admin))
    monday = day - timedelta(days=day.weekday())
    admin.open(f"/week?week={day}")
    row = page.get_by_role("row", name=re.compile("^Jonas Brambrook"))
    expect(row.get_by_role("link", name="Morning Check-In")).to_have_count(7)
    expect(row.get_by_role("cell").nth(day.weekday())).to_contain_text("Closed")
    headings = [heading.split(", ")[1] for heading in page.locator("thead th").all_inner_texts()[1:]]
    assert headings == [f"{monday + timedelta(days=days):%b %-d}" for days in range(7)]
    sessions = admin.stored_rows(
        "SELECT facilitator_id, co_facilitator_id FROM pm_group_schedule WHERE session_date BETWEEN ? AND ?",
        monday.isoformat(),
        (monday + timedelta(days=6)).isoformat(),
    )
    leaders = {leader for session in sessions for leader in session if leader is not None}
    expect(page.locator("tbody tr")).to_have_count(len(leaders) + 1)
    closures = page.get_by_role("row", name=re.compile("^Closures"))
    expect(closures.get_by_role("cell").nth(day.weekday())).to_contain_text("Closed: Floor repairs")
    expect(closures.get_by_role("cell").nth(day.weekday())).to_contain_text("Ocotillo Hall")
    admin.assert_accessible()
    page.get_by_text("By room").click()
    expect(page).to_have_url(re.compile("by=room"))
    hall = page.get_by_role("row", name=re.compile("^Saguaro House .Demo., Ocotillo Hall"))
    expect(hall).to_contain_text("Jonas Brambrook")
    page.get_by_role("combobox", name="Room").click()
    page.get_by_role("option", name="Ocotillo Hall").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label(re.compile("Only conflicts")).check()
    expect(page).to_have_url(re.compile("clashes=true"))
    expect(hall.get_by_role("cell").nth(day.weekday())).to_contain_text("Closed")
    page.get_by_role("button", name="Next week").click()
    expect(page).to_have_url(re.compile(f"week={day + timedelta(weeks=1)}"))
    page.go_back()
    expect(hall).to_be_visible()
    assert admin.complaints == []


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_narrow_window_lists_the_week_by_day(admin: AdminVisit) -> None:
    page = admin.page
    day = closed_day(admin)
    admin.open(f"/week?week={day}")
    name = f"{date.fromisoformat(day):%a, %b %-d}"
    of_day = page.get_by_role("region", name=name)
    expect(of_day.get_by_role("link", name="Morning Check-In")).to_be_visible()
    expect(of_day).to_contain_text("Jonas Brambrook")
    expect(of_day).to_contain_text("Closed: Floor repairs")
    expect(page.get_by_role("table")).to_be_hidden()
    admin.assert_accessible()
    of_day.get_by_role("link", name="Morning Check-In").click()
    expect(page.get_by_role("dialog", name="Session")).to_contain_text("its location is closed")
    assert admin.complaints == []


@pytest.mark.parametrize("time_zone", ["UTC"])
def test_clock_changes_leave_times_and_days_as_they_are_on_the_wall(admin: AdminVisit) -> None:
    page = admin.page
    sunday = spring_forward()
    for day in (sunday - timedelta(days=1), sunday):
        schedule(admin, GROUP_IN_DENVER, day)
    schedule(admin, OTHER_GROUP, sunday, facilitatorId="staff-02", locationId="columbine-1")
    admin.open(f"/week?week={sunday}")
    row = page.get_by_role("row", name=re.compile("^Kaya Bramdale"))
    expect(row.get_by_role("cell").nth(5)).to_contain_text(re.compile("9:00 AM . 11:30 AM MST"))
    expect(row.get_by_role("cell").nth(6)).to_contain_text(re.compile("9:00 AM . 11:30 AM MDT"))
    expect(row.get_by_role("cell").nth(6).get_by_text("Facilitator double-booked")).to_have_count(2)
    expect(row.get_by_role("cell").nth(6).get_by_text("Room double-booked")).to_have_count(2)
    expect(row.get_by_role("cell").nth(5)).not_to_contain_text("double-booked")
    expect(page.locator("thead th").nth(7)).to_contain_text(f"{sunday:%b %-d}")
    assert len(page.locator("thead th").all()) == 8


def test_the_week_prints_on_landscape_pages_without_the_frame(admin: AdminVisit) -> None:
    page = admin.page
    admin.open(f"/week?week={closed_day(admin)}&clashes=true")
    expect(page.get_by_role("row", name=re.compile("^Jonas Brambrook"))).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", page.pdf(format="Letter", prefer_css_page_size=True))
    assert boxes
    assert all(float(width) > float(height) for width, height in boxes)


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_the_week_says_what_it_leaves_out(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/week", token=demo_token(PermissionKey.GROUP_SCHEDULE_VIEW))
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_text("You may not see the conflicts of patients.")).to_be_visible()
    admin.assert_accessible()
    admin.open("/week?week=2001-01-01")
    expect(page.get_by_role("heading", name="No sessions in this week")).to_be_visible()
    admin.assert_accessible()
    admin.open("/week", token=demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW))
    expect(page.get_by_role("heading", name="You may not see schedules")).to_be_visible()
    assert admin.complaints == []

"""Two people at once in the admin UI, each in a browser of their own."""

import re

import pytest
from playwright.sync_api import Request, Route, expect

from tests.web.rosters import FULL_GROUP, enroll_another, open_group, patients, section, stored_waitlist
from tests.web.test_admin_transfer import choose, short, strangers
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

CREATE = """mutation($input: CreateGroupDefinitionInput!) {
    createGroupDefinition(input: $input) { groupDefinition { id } userErrors { message } } }"""
ENROLL = "mutation($input: EnrollPatientInput!) { enrollPatient(input: $input) { userErrors { message } } }"


def look_again(visit: AdminVisit) -> None:
    """Refetch, as when a person returns to the window."""
    visit.page.evaluate("window.dispatchEvent(new Event('focus'))")


def group_with_one_seat_left(admin: AdminVisit) -> tuple[str, str]:
    """Create a group of two seats with one patient. Return its name and id."""
    name = "Couples Workshop"
    group = {
        "name": name,
        "groupType": "THERAPY",
        "facilitatorId": "staff-01",
        "maxCapacity": 2,
        "durationMinutes": 60,
    }
    created = admin.send(CREATE, input=group)["createGroupDefinition"]["groupDefinition"]["id"]
    enroll_another(admin, created)
    return name, created


def test_two_who_want_the_last_seat_get_the_seat_and_the_first_place(admin: AdminVisit, colleague: AdminVisit) -> None:
    name, group = group_with_one_seat_left(admin)
    held: list[Route] = []

    def is_enrollment(request: Request) -> bool:
        body = request.post_data or ""
        return "mutation Enroll(" in body and '"dryRun":true' not in body

    def hold(route: Route) -> None:
        """Let the enrollments wait for each other, so that they reach the server at once."""
        if is_enrollment(route.request):
            held.append(route)
        else:
            route.continue_()

    [(first, first_number), (second, second_number)] = strangers(admin, group, 3)[1:]
    for visit, number in ((admin, first_number), (colleague, second_number)):
        open_group(visit, name)
        visit.page.get_by_role("button", name="Enroll patients").click()
        dialog = visit.page.get_by_role("dialog", name="Enroll patients")
        choose(dialog, "Patient", number)
        expect(dialog.get_by_role("listitem")).to_contain_text("Gets seat 2 of 2.")
        visit.page.route("**/graphql", hold)
        with visit.page.expect_request(is_enrollment):
            dialog.get_by_role("button", name="Enroll", exact=True).click()
    assert len(held) == 2
    for route in held:
        route.continue_()

    for visit in (admin, colleague):
        expect(visit.page.get_by_role("dialog", name="Enroll patients")).to_be_hidden()
    rows = admin.stored_rows(
        "SELECT p.display_name, e.status FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " WHERE e.group_definition_id = ?",
        group,
    )
    statuses = dict(rows)
    assert sorted((statuses[first], statuses[second])) == ["ENROLLED", "WAITLISTED"]
    words = {"ENROLLED": "has a seat.", "WAITLISTED": "is at place 1 of the waitlist."}
    expect(admin.toast(f"{short(first)} {words[statuses[first]]}")).to_be_visible()
    expect(colleague.toast(f"{short(second)} {words[statuses[second]]}")).to_be_visible()
    for visit in (admin, colleague):
        look_again(visit)
        meter = visit.page.get_by_role("meter", name="Seats taken")
        expect(meter).to_have_attribute("aria-valuetext", "2 of 2 seats taken, full")
        expect(section(visit, "Waitlist").locator("tbody tr")).to_have_count(1)
        assert visit.complaints == []


def test_a_promotion_shows_in_the_other_persons_browser(admin: AdminVisit, colleague: AdminVisit) -> None:
    group = open_group(admin, FULL_GROUP)
    open_group(colleague, FULL_GROUP)
    leaving, waiting = patients(admin, "Seats")[0], stored_waitlist(admin, group)
    promoted = waiting[0]
    admin.page.get_by_role("button", name=f"Disenroll {leaving}").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Disenroll").click()
    expect(admin.toast(f"{short(promoted)} moved from the waitlist to a seat.")).to_be_visible()
    look_again(colleague)
    expect(section(colleague, "Seats").get_by_role("rowheader", name=re.compile(promoted))).to_be_visible()
    expect(section(colleague, "Seats").get_by_role("rowheader", name=re.compile(leaving))).to_have_count(0)
    assert patients(colleague, "Waitlist") == waiting[1:] == stored_waitlist(admin, group)
    assert admin.complaints == colleague.complaints == []


def test_who_saves_second_sees_both_versions_and_chooses(admin: AdminVisit, colleague: AdminVisit) -> None:
    group = admin.group_id(FULL_GROUP)
    for visit in (admin, colleague):
        visit.open(f"/groups/{group}/edit")
        expect(visit.page.get_by_role("textbox", name="Name")).to_have_value(FULL_GROUP)
    admin.page.get_by_role("textbox", name="Minutes of a session").fill("80")
    admin.page.get_by_role("button", name="Save").click()
    expect(admin.toast(f"{FULL_GROUP} was saved.")).to_be_visible()
    colleague.page.get_by_role("textbox", name="Minutes of a session").fill("85")
    colleague.page.get_by_role("button", name="Save").click()
    conflict = colleague.page.get_by_role("alert").filter(has_text="Somebody else has changed this group meanwhile")
    expect(conflict.get_by_role("row", name="Minutes of a session 80 85")).to_be_visible()
    length = "SELECT duration_minutes FROM pm_group_definitions WHERE id = ?"
    assert admin.stored_rows(length, group) == [(80,)]
    conflict.get_by_role("button", name="Save mine").click()
    expect(colleague.toast(f"{FULL_GROUP} was saved.")).to_be_visible()
    assert admin.stored_rows(length, group) == [(85,)]
    assert admin.complaints == colleague.complaints == []

"""The waitlist in the admin UI: reordered by dragging, with a pointer and with the keyboard."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.web.conftest import DESKTOP, PHONE
from tests.web.rosters import FULL_GROUP, open_group, patients, section, stored_waitlist
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser


def open_draggable_waitlist(admin: AdminVisit) -> str:
    """Open the group with a waitlist. The code for dragging loads after the page."""
    group = open_group(admin, FULL_GROUP)
    handle(admin, patients(admin, "Waitlist")[0]).wait_for()
    return group


def handle(admin: AdminVisit, name: str) -> Locator:
    return admin.page.get_by_role("button", name=f"Drag {name}")


def dragged(admin: AdminVisit) -> Locator:
    return admin.page.locator("[data-dnd-dragging]")


def drag(admin: AdminVisit, name: str, onto: str) -> None:
    """Drag a patient's row onto another one with the mouse, in steps as a hand does."""
    mouse = admin.page.mouse
    section(admin, "Past enrollments").scroll_into_view_if_needed()
    start, end = handle(admin, name).bounding_box(), handle(admin, onto).bounding_box()
    assert start is not None
    assert end is not None
    mouse.move(start["x"] + 5, start["y"] + 5)
    mouse.down()
    mouse.move(end["x"] + 5, end["y"] + 5, steps=12)
    expect(dragged(admin)).to_have_count(1)
    mouse.up()
    expect(dragged(admin)).to_have_count(0)


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_patient_is_dragged_to_another_place(admin: AdminVisit) -> None:
    group = open_draggable_waitlist(admin)
    first, second, third = patients(admin, "Waitlist")
    drag(admin, third, onto=first)
    expect(admin.toast("is at place 1 of the waitlist now.")).to_be_visible()
    assert patients(admin, "Waitlist") == [third, first, second]
    assert stored_waitlist(admin, group) == [third, first, second]
    admin.assert_accessible()
    assert admin.complaints == []


def test_a_patient_is_moved_by_the_keyboard_with_announcements(admin: AdminVisit) -> None:
    page = admin.page
    group = open_draggable_waitlist(admin)
    first, second, third = patients(admin, "Waitlist")
    spoken = page.locator("#dnd-kit-announcement-waitlist")
    handle(admin, first).focus()
    page.keyboard.press("Space")
    expect(spoken).to_have_text(f"{first} is picked up from place 1.")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_have_text(f"{first} is over place 2.")
    page.keyboard.press("Escape")
    expect(spoken).to_have_text(f"{first} stays where they were.")
    expect(dragged(admin)).to_have_count(0)
    assert patients(admin, "Waitlist") == [first, second, third]
    expect(handle(admin, first)).to_be_focused()
    page.keyboard.press("Space")
    expect(spoken).to_have_text(f"{first} is picked up from place 1.")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_have_text(f"{first} is over place 2.")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_have_text(f"{first} is over place 3.")
    page.keyboard.press("Space")
    expect(spoken).to_have_text(f"{first} is dropped at place 3.")
    expect(dragged(admin)).to_have_count(0)
    expect(admin.toast("is at place 3 of the waitlist now.")).to_be_visible()
    expect(handle(admin, first)).to_be_focused()
    assert patients(admin, "Waitlist") == [second, third, first]
    assert stored_waitlist(admin, group) == [second, third, first]
    assert admin.complaints == []


def test_the_order_is_as_it_was_if_the_server_refuses(admin: AdminVisit) -> None:
    page = admin.page
    group = open_draggable_waitlist(admin)
    before = patients(admin, "Waitlist")
    shown: list[str] = []

    def leave_first(route: Any) -> None:
        """Take the patient off the waitlist while the move is on its way."""
        if "MoveWaitlisted" in (route.request.post_data or ""):
            shown.append(patients(admin, "Waitlist")[0])
            leave = (
                "mutation($input: RemoveEnrollmentInput!) { removeEnrollment(input: $input) { userErrors { code } } }"
            )
            query = """query($id: ID!) { groupDefinition(id: $id) {
                enrollments(status: [WAITLISTED]) { nodes { id } } } }"""
            nodes = admin.send(query, id=group)["groupDefinition"]["enrollments"]["nodes"]
            admin.send(leave, input={"enrollmentId": nodes[-1]["id"]})
        route.continue_()

    page.route("**/graphql", leave_first)
    drag(admin, before[-1], onto=before[0])
    expect(page.get_by_role("alert").filter(has_text="was not moved, and the order is as it was.")).to_be_visible()
    assert shown == [before[-1]]
    expect(section(admin, "Waitlist").locator("tbody tr")).to_have_count(len(before) - 1)
    assert patients(admin, "Waitlist") == before[:-1] == stored_waitlist(admin, group)
    assert admin.complaints == []

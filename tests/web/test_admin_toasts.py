"""How long toasts stay in the admin UI, by the clock of the page."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.rosters import FULL_GROUP, open_group, patients
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

FIVE_SECONDS, A_MINUTE = 5_000, 60_000
TOAST = re.compile("of the waitlist now")


@pytest.mark.parametrize("by", ["pointer", "focus"])
def test_a_toast_stays_five_seconds_and_while_it_is_read(admin: AdminVisit, by: str) -> None:
    page = admin.page
    page.clock.install()
    open_group(admin, FULL_GROUP)
    second = patients(admin, "Waitlist")[1]
    page.get_by_role("button", name=f"Move {second} up").click()
    toast = admin.toast(TOAST)
    expect(toast).to_be_visible()
    page.mouse.move(1, 1)
    page.clock.run_for(FIVE_SECONDS)
    expect(toast).to_be_visible()
    if by == "pointer":
        toast.hover()
    else:
        toast.get_by_role("button", name="Close").focus()
    page.clock.run_for(A_MINUTE)
    expect(toast).to_be_visible()
    if by == "pointer":
        page.mouse.move(1, 1)
    else:
        page.get_by_role("button", name=re.compile("^Activity")).focus()
    page.clock.run_for(A_MINUTE)
    expect(toast).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Activity")).click()
    expect(page.get_by_role("dialog", name="Activity").get_by_text(TOAST)).to_be_visible()


def test_escape_closes_toasts_that_may_cover_the_focus(admin: AdminVisit) -> None:
    page = admin.page
    open_group(admin, FULL_GROUP)
    last = patients(admin, "Waitlist")[-1]
    button = page.get_by_role("button", name=f"Move {last} up")
    button.press("Enter")
    expect(admin.toast(TOAST)).to_be_visible()
    expect(button).to_be_focused()
    page.keyboard.press("Escape")
    expect(admin.toast(TOAST)).to_have_count(0)
    expect(button).to_be_focused()
    assert admin.complaints == []

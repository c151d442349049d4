"""Sessions in the admin UI for people who may not see the groups that they belong to."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.sessions import is_phone, outcome, scheduled, stored
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser
WEEKLY_GROUP = "Tuesday Process Group"


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_schedule_keys_suffice_to_change_a_session_of_the_week(admin: AdminVisit) -> None:
    page = admin.page
    days = 40 if is_phone(admin) else 33
    session, day = scheduled(admin, admin.group_id(WEEKLY_GROUP), datetime.now(UTC).date() + timedelta(days=days))[0]
    sees = PermissionKey.GROUP_SCHEDULE_VIEW
    admin.open(f"/week?week={day}", token=demo_token(sees, PermissionKey.GROUP_SCHEDULE_DELETE))
    link = page.locator(f"[data-session='{session}']")
    link.press("Enter")
    details = page.get_by_role("dialog", name="Session", exact=True)
    expect(details.get_by_role("button", name=re.compile("Move|Edit|Cancel"))).to_have_text("Cancel the session …")
    admin.assert_accessible()
    details.get_by_role("button", name="Cancel the session").click()
    dialog = page.get_by_role("dialog", name="Cancel the session")
    expect(outcome(dialog)).to_contain_text("No program week loses compliance.")
    dialog.get_by_label("Reason").fill("The room is painted")
    dialog.get_by_role("button", name="Cancel the session").click()
    expect(admin.toast("was cancelled.")).to_be_visible()
    expect(details).to_contain_text("The room is painted")
    assert stored(admin, session, "status, cancellation_reason") == ("CANCELLED", "The room is painted")
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    expect(link).to_be_focused()
    admin.open(f"/today?day={day}&session={session}", token=demo_token(sees, PermissionKey.GROUP_SCHEDULE_EDIT))
    details.get_by_role("button", name="Reopen").click()
    page.get_by_role("dialog", name="Reopen the session").get_by_role("button", name="Reopen").click()
    expect(details.get_by_role("button", name=re.compile("Move|Edit|Cancel"))).to_have_text(["Move …", "Edit …"])
    details.get_by_role("button", name="Move").click()
    dialog = page.get_by_role("dialog", name="Move the session")
    dialog.get_by_label("Start").fill("11:00")
    expect(outcome(dialog)).to_contain_text("onflict")
    dialog.get_by_role("button", name="Move").click()
    expect(admin.toast("The session was moved")).to_be_visible()
    assert stored(admin, session, "status, start_time")[1].startswith("11:00")
    assert admin.complaints == []

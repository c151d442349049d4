"""A patient's drawer and page in the admin UI."""

import pytest
from playwright.sync_api import Locator, expect

from tests.web.conftest import DESKTOP, PHONE
from tests.web.rosters import FULL_GROUP, open_group, patients, section
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
    expect(drawer(admin).get_by_role("region", name="Groups")).to_contain_text(FULL_GROUP)
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

"""The sign-in sheet of a session: on the screen, and as it is printed."""

import re

import pytest
from playwright.sync_api import expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

GROUP = "Morning Check-In"


def next_session(admin: AdminVisit) -> str:
    """Return the id of a scheduled session that is not over, with hyphens."""
    query = """query($filter: OccurrenceFilter) {
        occurrences(filter: $filter, orderBy: STARTS_AT_DESC, first: 1) { nodes { id } }
    }"""
    group = admin.group_id(GROUP)
    found = admin.send(query, filter={"groupDefinitionId": group, "status": ["SCHEDULED"]})
    return str(found["occurrences"]["nodes"][0]["id"])


def expected_names(admin: AdminVisit) -> list[str]:
    rows = admin.stored_rows(
        "SELECT p.display_name FROM pm_group_enrollments e JOIN pm_group_patients p ON p.id = e.patient_id"
        " JOIN pm_group_definitions g ON g.id = e.group_definition_id WHERE g.name = ? AND e.status = 'ENROLLED'",
        GROUP,
    )
    return [name for (name,) in rows]


def preferred_names(admin: AdminVisit) -> dict[str, str]:
    """Return the names that patients go by, by their names."""
    return dict(
        admin.stored_rows("SELECT display_name, preferred_name FROM pm_group_patients WHERE preferred_name IS NOT NULL")
    )


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_a_sheet_has_preferred_or_first_names_and_initials_in_order(admin: AdminVisit) -> None:
    page = admin.page
    admin.open(f"/sessions/{next_session(admin)}/sign-in-sheet")
    sheet = page.get_by_role("region", name="Sheet")
    expect(sheet.get_by_role("heading", name=GROUP)).to_be_visible()
    expect(sheet).to_contain_text("Saguaro House (Demo), Ocotillo Hall")
    names = expected_names(admin)
    preferred = preferred_names(admin)
    assert any(name in preferred for name in names)
    rows = [(preferred.get(name, name.split()[0]), "".join(word[0] for word in name.split())) for name in names]
    shown = [tuple(row.split("\t")[1:3]) for row in sheet.locator("tbody tr").all_inner_texts()]
    assert shown[: len(rows)] == sorted(rows)
    assert len(shown) == len(rows) + 3, "three lines for others"
    for name in names:
        assert name not in page.content()
        assert name.split()[1] not in page.content()
    admin.assert_accessible()
    assert admin.complaints == []


def test_the_other_version_has_lines_without_names(admin: AdminVisit) -> None:
    page = admin.page
    opened = next_session(admin)
    admin.open(f"/sessions/{opened}/sign-in-sheet")
    page.get_by_text("Without names").click()
    expect(page).to_have_url(re.compile(r"\?version=without-names$"))
    sheet = page.get_by_role("region", name="Sheet")
    expect(sheet.get_by_role("columnheader", name="Name")).to_be_hidden()
    expect(sheet.locator("tbody tr")).to_have_count(len(expected_names(admin)) + 3)
    before = admin.stored_rows("SELECT count(*) FROM pm_group_access_log")
    admin.open(f"/sessions/{opened}/sign-in-sheet?version=without-names")
    expect(sheet.locator("tbody tr")).to_have_count(len(expected_names(admin)) + 3)
    for name in expected_names(admin):
        assert name.split()[0] not in page.content()
    assert admin.stored_rows("SELECT count(*) FROM pm_group_access_log") == before, "it reads no patient's record"


def test_paper_has_the_sheet_in_black_on_white_and_nothing_else(admin: AdminVisit) -> None:
    page = admin.page
    admin.open(f"/today?day={_last_day(admin)}")
    page.get_by_role("link", name=f"Sign-in sheet of {GROUP}").click()
    expect(page.get_by_role("region", name="Sheet").get_by_role("row").nth(1)).to_be_visible()
    assert page.title() == "Sign-in sheet · Group sessions"
    expect(page).to_have_url(re.compile("/sign-in-sheet$"))
    address = page.url
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_hidden()
    cell = page.get_by_role("region", name="Sheet").locator("tbody td").nth(1)
    assert cell.evaluate("(cell) => getComputedStyle(cell).color") == "rgb(0, 0, 0)"
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="Letter"))
    assert len(pages) == 1
    for name in [*expected_names(admin), GROUP]:
        for word in name.split():
            assert word not in address
            assert word not in page.title()


def _last_day(admin: AdminVisit) -> str:
    [[day]] = admin.stored_rows("SELECT max(session_date) FROM pm_group_schedule")
    return str(day)


def test_people_who_may_not_see_patients_print_lines_only(admin: AdminVisit) -> None:
    page = admin.page
    opened = next_session(admin)
    admin.open(f"/sessions/{opened}/sign-in-sheet", token=demo_token(PermissionKey.GROUP_SCHEDULE_VIEW))
    expect(page.get_by_role("region", name="Sheet").locator("tbody tr")).to_have_count(len(expected_names(admin)) + 3)
    expect(page.get_by_text("It needs the permission pm.group_enrollments.view.")).to_be_visible()
    expect(page.get_by_text("Name and initials")).to_be_hidden()
    admin.assert_accessible()
    admin.open(f"/sessions/{opened}/sign-in-sheet", token=demo_token(PermissionKey.GROUP_ENROLLMENTS_VIEW))
    expect(page.get_by_role("heading", name="You may not see sessions")).to_be_visible()
    assert admin.complaints == []

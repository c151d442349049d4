"""What others do shows in the admin UI as it happens, by one stream for all tabs of a browser."""

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import demo_token
from tests.web.rosters import OPEN_GROUP
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

ENROLL = "mutation($input: EnrollPatientInput!) { enrollPatient(input: $input) { userErrors { message } } }"


def enroll(admin: AdminVisit, group: str, token: str) -> str:
    """Enroll the next patient by the API as the person with the token, and return the patient's name."""
    [(patient, name)] = admin.stored_rows(
        "SELECT id, display_name FROM pm_group_patients p WHERE active AND NOT EXISTS (SELECT 1 FROM"
        " pm_group_enrollments e WHERE e.patient_id = p.id AND e.group_definition_id = ?) ORDER BY display_name"
        " LIMIT 1",
        group,
    )
    body = {"query": ENROLL, "variables": {"input": {"groupDefinitionId": group, "patientId": patient}}}
    headers = {"Authorization": f"Bearer {token}"}
    response = httpx.post(f"{admin.server.address}/graphql", json=body, headers=headers, timeout=30)
    assert response.json()["data"]["enrollPatient"]["userErrors"] == []
    return str(name)


def open_tab(admin: AdminVisit, group: str, streams: list[str]) -> Page:
    """Open the group in another tab of the browser, and note the streams that it opens."""

    def note(request: Request) -> None:
        if request.headers.get("accept") == "text/event-stream":
            streams.append(request.url)

    page = admin.page.context.new_page()
    page.set_default_timeout(30_000)
    page.on("request", note)
    page.goto(f"{admin.server.address}/groups/{group}#token={admin.token}")
    expect(page.get_by_role("heading", name=OPEN_GROUP, level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Seats")).to_be_visible()
    return page


def expect_seated(page: Page, name: str) -> None:
    expect(page.get_by_role("region", name="Seats").get_by_role("rowheader", name=name)).to_be_visible(timeout=10_000)


def test_what_others_do_shows_in_all_tabs_by_one_stream(admin: AdminVisit) -> None:
    group = admin.group_id(OPEN_GROUP)
    other = demo_token(*PermissionKey, subject="demo-colleague")
    streams: list[str] = []
    first = open_tab(admin, group, streams)
    second = open_tab(admin, group, streams)
    name = enroll(admin, group, other)
    for page in (first, second):
        expect_seated(page, name)
        expect(page.get_by_role("status").filter(has_text=f"got a seat in {OPEN_GROUP}.")).to_be_visible()
    assert len(streams) == 1
    first.close()  # the second tab has the stream now
    mine = enroll(admin, group, admin.token)
    expect_seated(second, mine)
    expect(second.get_by_role("status").filter(has_text="got a seat")).to_have_count(1)  # not of one's own change
    assert len(streams) == 2
    second.close()
    assert admin.complaints == []

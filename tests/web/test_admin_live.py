"""What others do shows in the admin UI as it happens, by one stream for all tabs of a browser."""

import json
import re

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import demo_token
from tests.web.rosters import OPEN_GROUP
from tests.web.visits import AdminVisit

pytestmark = pytest.mark.browser

PROGRAM_GROUP, OTHER_GROUP = "Morning Intensive Outpatient", "Morning Check-In"

ENROLL = "mutation($input: EnrollPatientInput!) { enrollPatient(input: $input) { userErrors { message } } }"
RENAME = (
    "mutation($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) { userErrors { message } } }"
)


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


def is_stream(request: Request) -> bool:
    return request.headers.get("accept") == "text/event-stream"


def open_tab(admin: AdminVisit, group: str, streams: list[str]) -> Page:
    """Open the group in another tab of the browser, and note the streams that it opens."""

    def note(request: Request) -> None:
        if is_stream(request):
            streams.append(request.url)

    page = admin.page.context.new_page()
    page.set_default_timeout(30_000)
    page.on("request", note)
    page.clock.install()
    show(admin, page, group)
    return page


def show(admin: AdminVisit, page: Page, group: str) -> None:
    page.goto("about:blank")
    page.goto(f"{admin.server.address}/groups/{group}#token={admin.token}")
    expect(page.get_by_role("heading", name=OPEN_GROUP, level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Seats")).to_be_visible()


def expect_listed(page: Page, name: str) -> None:
    expect(page.get_by_role("rowheader", name=name)).to_be_visible(timeout=20_000)


def test_what_others_do_shows_in_all_tabs_by_one_stream(admin: AdminVisit) -> None:
    group = admin.group_id(OPEN_GROUP)
    other = demo_token(*PermissionKey, subject="demo-colleague")
    streams: list[str] = []
    first = open_tab(admin, group, streams)
    second = open_tab(admin, group, streams)
    name = enroll(admin, group, other)
    for page in (first, second):
        expect_listed(page, name)
        expect(page.get_by_role("status").filter(has_text=f"got a seat in {OPEN_GROUP}.")).to_be_visible()
    assert len(streams) == 1
    show(admin, first, group)  # the second tab has the stream now
    reads: list[str] = []
    second.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
    second.on("request", lambda request: reads.append(request.post_data or ""))
    name = enroll(admin, group, other)
    expect_listed(first, name)
    expect(first.get_by_role("status").filter(has_text=re.compile("got a seat|waits"))).to_be_visible()
    assert reads == []  # no name for a tab that nobody sees
    assert len(streams) == 2
    second.close()  # the first one has it again
    mine = enroll(admin, group, admin.token)
    expect_listed(first, mine)
    expect(first.get_by_role("status").filter(has_text="got a seat")).to_have_count(1)  # not of one's own change
    assert len(streams) == 3
    first.close()
    assert admin.complaints == []


def test_a_visible_tab_takes_the_stream_of_a_frozen_one(admin: AdminVisit) -> None:
    group = admin.group_id(OPEN_GROUP)
    other = demo_token(*PermissionKey, subject="demo-colleague")
    streams: list[str] = []
    first = open_tab(admin, group, streams)
    second = open_tab(admin, group, streams)
    debugger = admin.page.context.new_cdp_session(first)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    missed = enroll(admin, group, other)
    with second.expect_request(is_stream):
        second.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when the person comes to this tab
    expect_listed(second, missed)
    debugger.send("Debugger.disable")
    name = enroll(admin, group, other)
    for page in (first, second):
        expect_listed(page, missed)
        expect_listed(page, name)
    assert len(streams) == 2
    second.close()
    name = enroll(admin, group, other)
    expect_listed(first, name)
    first.close()
    assert admin.complaints == []


def test_only_changes_that_concern_the_board_read_its_patients_again(admin: AdminVisit) -> None:
    page = admin.page
    board: list[str] = []

    def note(request: Request) -> None:
        if "query Board(" in (request.post_data or ""):
            board.append(json.loads(request.post_data or "")["variables"]["program"])

    def enroll_and_see(group: str) -> None:
        given, family = enroll(admin, admin.group_id(group), other).split()
        expect(admin.toast(f"{given} {family[0]}. got a seat in {group}.")).to_be_visible()

    page.on("request", note)
    other = demo_token(*PermissionKey, subject="demo-colleague")
    with (
        page.expect_response(lambda response: "event-stream" in response.headers.get("content-type", "")),
        page.expect_response(lambda response: "query ProgramsOfGroups(" in (response.request.post_data or "")),
    ):
        admin.open("/compliance")
    expect(page.get_by_role("region", name="PHP, next week").locator("tbody tr").first).to_be_visible()
    enroll_and_see(OTHER_GROUP)  # later than what the stream asks for at its start
    read = len(board)
    enroll_and_see(OTHER_GROUP)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    enroll_and_see(PROGRAM_GROUP)
    assert set(board[read:]) == {"IOP"}
    assert len(board[read:]) == 2, "one for each week"


def test_the_screen_is_read_again_after_an_interruption(admin: AdminVisit) -> None:
    group = admin.group_id(OPEN_GROUP)
    streams: list[str] = []
    page = open_tab(admin, group, streams)
    expect_listed(
        page, enroll(admin, group, demo_token(*PermissionKey, subject="demo-colleague"))
    )  # the stream is open
    admin.send(RENAME, input={"id": group, "name": "Renamed meanwhile"})  # not one of the changes of the stream
    page.clock.fast_forward(45_000)  # the stream is silent, as after a lost network
    expect(page.get_by_role("heading", name="Renamed meanwhile", level=1)).to_be_visible()
    assert len(streams) == 2
    page.close()

"""The Compliance tab of a group's page, and the compliance board."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from resolvers.caller import PermissionKey
from tests.web.conftest import DESKTOP, PHONE, demo_token
from tests.web.visits import AdminVisit, today

pytestmark = pytest.mark.browser

SHORT_GROUP = "Evening Intensive Outpatient"
LONG_GROUP = "Morning Intensive Outpatient"
WEEKS = """query($id: ID!, $week: Date) { groupDefinition(id: $id) {
    compliance(weekOf: $week) { weekStart status gaps { message } }
    complianceForecast(weeks: 8) { weekStart hours days status gaps { message } }
    complianceRuleSet { title source { title locator } } } }"""
BOARD = """query($program: GroupType!, $week: Date, $group: ID) {
    programCompliance(program: $program, weekOf: $week, groupDefinitionId: $group, first: 200) {
      totalCount nodes { weekStart outlook gaps { message } patient { displayName } } } }"""


def region(admin: AdminVisit, name: str | re.Pattern[str]) -> Locator:
    return admin.page.get_by_role("region", name=name)


def rows(table: Locator) -> Locator:
    return table.locator("tbody tr")


def week_of(admin: AdminVisit, group: str, day: date | None = None) -> dict[str, Any]:
    weeks: dict[str, Any] = admin.send(WEEKS, id=group, week=None if day is None else str(day))["groupDefinition"]
    return weeks


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_tab_shows_verdict_forecast_patients_and_rules_of_a_week(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(SHORT_GROUP)
    now = week_of(admin, group)
    admin.open(f"/groups/{group}")
    page.get_by_role("tab", name="Compliance").click()
    verdict = region(admin, "This group")
    expect(verdict.get_by_text("Non-Compliant")).to_be_visible()
    gaps = verdict.get_by_role("list", name="Gaps")
    assert gaps.get_by_role("listitem").all_inner_texts() == [gap["message"] for gap in now["compliance"]["gaps"]]
    assert "Need 4 more hours/week" in gaps.inner_text()
    forecast = region(admin, "The coming 8 weeks")
    expect(forecast.locator(".recharts-bar-rectangle path")).to_have_count(8)
    assert rows(forecast).count() == len(now["complianceForecast"]) == 8
    for row, week in zip(rows(forecast).all(), now["complianceForecast"], strict=True):
        expect(row).to_contain_text("Non-Compliant" if week["status"] == "NON_COMPLIANT" else "Compliant")
        for gap in week["gaps"]:
            expect(row).to_contain_text(gap["message"])
    board = admin.send(BOARD, program="IOP", week=now["compliance"]["weekStart"], group=group)["programCompliance"]
    patients = rows(region(admin, "IOP patients of the week"))
    expect(patients).to_have_count(board["totalCount"])
    for row, week in zip(patients.all(), board["nodes"], strict=True):
        expect(row.get_by_role("rowheader")).to_contain_text(week["patient"]["displayName"])
    rules = region(admin, "Rule set")
    expect(rules).to_contain_text(now["complianceRuleSet"]["title"])
    expect(rules).to_contain_text(now["complianceRuleSet"]["source"]["locator"])
    expect(rules).to_contain_text("At least 9 hours a week")
    expect(rules).to_contain_text("id ahcccs-iop")
    expect(rules).to_contain_text("Rule sets have no version")
    tops = {tab.bounding_box()["y"] for tab in page.get_by_role("tab").all()}  # type: ignore[index]  # they are visible
    assert len(tops) == 1, "the tabs are in one line, on a phone too"
    expect(page.get_by_role("tab", name="Compliance")).to_be_in_viewport(ratio=1)
    admin.assert_accessible()
    assert admin.complaints == []


def test_the_week_steps_by_buttons_date_and_forecast_and_is_in_the_url(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(LONG_GROUP)
    weeks = week_of(admin, group)["complianceForecast"]
    admin.open(f"/groups/{group}?tab=compliance")
    first = date.fromisoformat(weeks[0]["weekStart"])
    current = page.locator("tr[data-current]").get_by_role("link")
    expect(current).to_contain_text(f"{first:%b} {first.day}")
    page.get_by_role("button", name="Next week").click()
    expect(page).to_have_url(re.compile(r"week=\d{4}-\d\d-\d\d"))
    following = first + timedelta(weeks=1)
    expect(current).to_contain_text(f"{following:%b} {following.day}")
    stepped = date.fromisoformat(parse_qs(urlsplit(page.url).query)["week"][0])
    assert following <= stepped < following + timedelta(weeks=1)
    last = date.fromisoformat(weeks[-1]["weekStart"])
    rows(region(admin, "The coming 8 weeks")).last.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"week={last}"))
    expect(current).to_contain_text(f"{last:%b} {last.day}")
    page.get_by_label("Any day of the week").fill(str(following))
    expect(current).to_contain_text(f"{following:%b} {following.day}")
    page.go_back()
    expect(current).to_contain_text(f"{last:%b} {last.day}")
    page.get_by_role("button", name="This week").click()
    expect(page).not_to_have_url(re.compile("week="))
    expect(current).to_contain_text(f"{first:%b} {first.day}")


def test_a_group_of_no_program_says_why_there_is_nothing(admin: AdminVisit) -> None:
    group = admin.group_id("Grief and Loss")
    admin.open(f"/groups/{group}?tab=compliance")
    expect(admin.page.get_by_role("heading", name="This group counts toward no program")).to_be_visible()
    expect(admin.page.get_by_text("This group's type is Therapy")).to_be_visible()
    admin.assert_accessible()


def test_a_skills_group_shows_the_patients_of_the_programs_it_counts_toward(admin: AdminVisit) -> None:
    page = admin.page
    skills = admin.group_id("Distress Tolerance Skills")
    mutation = (
        "mutation($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) { userErrors { code } } }"
    )
    admin.send(mutation, input={"id": skills, "countsToward": ["IOP"]})
    try:
        admin.open(f"/groups/{skills}?tab=compliance")
        expect(
            page.get_by_text("The group itself has no rule set, because its type is Skills training")
        ).to_be_visible()
        board = admin.send(BOARD, program="IOP", group=skills)["programCompliance"]
        section = region(admin, "IOP patients of the week")
        expect(rows(section)).to_have_count(board["totalCount"])
        admin.assert_accessible()
    finally:
        admin.send(mutation, input={"id": skills, "countsToward": []})


@pytest.mark.parametrize("page", [DESKTOP, PHONE], indirect=True)
def test_the_board_has_both_weeks_of_all_programs_the_worst_first(admin: AdminVisit) -> None:
    admin.open("/compliance")
    for program in ("IOP", "PHP"):
        for name, day in (("this week", today()), ("next week", today() + timedelta(weeks=1))):
            board = admin.send(BOARD, program=program, week=str(day))["programCompliance"]
            section = region(admin, f"{program}, {name}")
            expect(section).to_contain_text(f"{board['totalCount']} patients")
            expect(rows(section)).to_have_count(min(10, board["totalCount"]))
            for row, week in zip(rows(section).all(), board["nodes"], strict=False):
                expect(row.get_by_role("rowheader")).to_contain_text(week["patient"]["displayName"])
                for gap in week["gaps"]:
                    expect(row).to_contain_text(gap["message"])
    admin.assert_accessible()
    worst = rows(region(admin, "IOP, next week")).first
    expect(worst.get_by_text("Cannot be met").locator("visible=true")).to_be_visible()
    joinable = worst.get_by_text("Could still join").locator("visible=true").first
    expect(joinable).to_contain_text(re.compile(rf"{LONG_GROUP}: [\d.]+ hours on \d days, \d+ free seats?"))
    assert admin.complaints == []


def test_the_board_is_filtered_paged_and_leads_to_patients_and_groups(admin: AdminVisit) -> None:
    page = admin.page
    admin.open("/compliance")
    section = region(admin, "IOP, this week")
    total = admin.send(BOARD, program="IOP", week=str(today()))["programCompliance"]["totalCount"]
    before = admin.stored_rows("SELECT count(*) FROM pm_group_access_log")[0][0]
    first = rows(section).first.get_by_role("rowheader").inner_text()
    section.get_by_role("button", name="Next").click()
    expect(section.get_by_role("status")).to_have_text(f"11 to {total} of {total}")
    expect(rows(section).first.get_by_role("rowheader")).not_to_have_text(first)
    expect(section.get_by_role("button", name="Next")).to_be_disabled()
    assert admin.stored_rows("SELECT count(*) FROM pm_group_access_log")[0][0] > before
    section.get_by_role("button", name="Previous").click()
    expect(section.get_by_role("status")).to_have_text(f"1 to 10 of {total}")
    page.locator("label").filter(has_text="PHP").click()
    expect(region(admin, "IOP, this week")).to_have_count(0)
    expect(page).to_have_url(re.compile("program=PHP"))
    page.get_by_role("combobox", name="Outlook").click()
    page.get_by_role("option", name="Met", exact=True).click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("outlook=MET"))
    expect(region(admin, "PHP, next week")).to_contain_text("No patient has such an outlook.")
    admin.open("/compliance?program=PHP&outlook=CANNOT_BE_MET")
    section = region(admin, "PHP, next week")
    name = rows(section).first.get_by_role("rowheader").get_by_role("link").first
    patient = name.inner_text()
    rows(section).first.get_by_role("link", name="Young Adult Day Program").locator("visible=true").click()
    expect(page.get_by_role("heading", name="Young Adult Day Program", level=1)).to_be_visible()
    page.go_back()
    name.click()
    expect(page.get_by_role("dialog")).to_contain_text(patient)
    assert patient.split()[1] not in page.url
    assert "demo" not in urlsplit(page.url).query.lower()


def test_who_may_not_see_patients_or_groups_is_told_what_is_left_out(admin: AdminVisit) -> None:
    page = admin.page
    group = admin.group_id(SHORT_GROUP)
    definitions = demo_token(PermissionKey.GROUP_DEFINITIONS_VIEW)
    admin.open(f"/groups/{group}?tab=compliance", token=definitions)
    expect(region(admin, "This group").get_by_text("Non-Compliant")).to_be_visible()
    expect(page.get_by_role("heading", name="You may not see patients")).to_be_visible()
    expect(page.get_by_role("link", name="Compliance")).to_have_count(0)
    admin.open("/compliance", token=definitions)
    expect(page.get_by_role("heading", name="You may not see the weeks of patients")).to_be_visible()
    admin.assert_accessible()
    admin.open("/compliance", token=demo_token(PermissionKey.GROUP_ENROLLMENTS_VIEW))
    expect(rows(region(admin, "IOP, this week")).first).to_be_visible()
    expect(page.get_by_text("Groups that a patient could still join are not shown").first).to_be_visible()
    admin.assert_accessible()
    assert admin.complaints == []


def test_a_hidden_board_reads_no_records_until_it_is_seen_again(admin: AdminVisit) -> None:
    page = admin.page
    sent: list[Request] = []
    finished: list[Request] = []
    page.on("request", lambda request: sent.append(request) if is_board(request) else None)
    page.on("requestfinished", lambda request: finished.append(request) if is_board(request) else None)

    def refreshes(number: int) -> Callable[[Request], bool]:
        """Return whether these many refreshes are complete: of two programs, each in two weeks."""
        return lambda _: len(finished) == 4 * number

    def turn(visibility: str) -> None:
        page.evaluate(
            """visibility => {
                Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            visibility,
        )

    def without_stream(route: Route) -> None:
        """Keep the stream of changes closed, so that the board asks every 30 seconds, and only then."""
        streams = route.request.headers.get("accept") == "text/event-stream"
        route.abort() if streams else route.continue_()

    page.route("**/graphql", without_stream)
    page.clock.install()
    with page.expect_request_finished(refreshes(1)):
        admin.open("/compliance")
    with page.expect_request_finished(refreshes(2)):
        page.clock.fast_forward("00:31")
    turn("hidden")
    page.clock.fast_forward("10:00")
    page.evaluate("fetch('/health')")  # would be sent after the requests of the board
    assert len(sent) == 8
    with page.expect_request_finished(refreshes(3)):
        turn("visible")
    expect(rows(region(admin, "IOP, this week")).first).to_be_visible()


def is_board(request: Request) -> bool:
    return "query Board(" in (request.post_data or "")

"""The demo clinic tells the story of the API: what a coordinator would look for is there, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from resolvers.context import Clinic
from server.demo.clinic import DEMO_ORGANIZATION, DEMO_PEOPLE, fill_demo_clinic
from tests.support.api_client import ApiClient, ApiClients, bearer, make_app
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio

TODAY: Final = date(2026, 11, 23)
"""A Monday."""
ALWAYS: Final = pytest.mark.parametrize("ahead", range(0, 7, 3))
"""The demo clinic is filled around the day on which it starts, whichever that is."""


@pytest.fixture
async def today(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


@pytest.fixture
async def client(engine: Database, today: date) -> AsyncIterator[ApiClient]:
    """The administrator of the demo clinic, at noon in Phoenix."""
    noon = datetime(today.year, today.month, today.day, 19, tzinfo=UTC)
    clinic = Clinic(engine, lambda: noon, uuid7, "America/Phoenix", 6)
    await fill_demo_clinic(replace(clinic, engine=operator_of(engine)))
    person = DEMO_PEOPLE[0]
    header = bearer(roles=[person.role], organization=DEMO_ORGANIZATION, subject=person.subject)
    async with AsyncExitStack() as open_clients:
        yield await ApiClients(make_app(clinic), open_clients).signed_in_as(header)


@ALWAYS
async def test_patients_of_both_programs_are_under_their_minimum_next_week(client: ApiClient, today: date) -> None:
    query = """query ($program: GroupType!, $week: Date!) {
      programCompliance(program: $program, weekOf: $week, status: [NON_COMPLIANT], first: 3) {
        totalCount nodes { outlook gaps { message } patient { displayName } } } }"""
    week = (today + timedelta(weeks=1)).isoformat()
    for program in ("IOP", "PHP"):
        board = (await client.execute(query, {"program": program, "week": week}))["programCompliance"]
        assert board["totalCount"] >= 3
        for node in board["nodes"]:
            assert node["outlook"] == "CANNOT_BE_MET"
            assert "more hour" in node["gaps"][0]["message"]


@ALWAYS
async def test_others_are_on_their_way_to_the_minimum(client: ApiClient, today: date) -> None:
    query = """query ($week: Date!) { programCompliance(program: IOP, weekOf: $week, outlook: [AT_RISK, ON_TRACK]) {
      totalCount nodes { status } } }"""
    week = (today + timedelta(weeks=1)).isoformat()
    board = (await client.execute(query, {"week": week}))["programCompliance"]
    assert board["totalCount"] >= 5
    assert {node["status"] for node in board["nodes"]} == {"COMPLIANT"}


@ALWAYS
async def test_there_is_a_conflict_and_a_closure_in_the_coming_weeks(client: ApiClient, today: date) -> None:
    query = """query ($from: Date!, $through: Date!) {
      conflicts(from: $from, through: $through, kinds: [CLOSURE]) { totalCount nodes { message closure { name } } }
      closures(from: $from) { totalCount } }"""
    variables = {"from": today.isoformat(), "through": (today + timedelta(days=30)).isoformat()}
    story = await client.execute(query, variables)
    assert story["conflicts"]["totalCount"] >= 1
    assert {conflict["closure"]["name"] for conflict in story["conflicts"]["nodes"]} == {"Floor repairs"}
    assert story["closures"]["totalCount"] == 2


@ALWAYS
async def test_a_patient_is_expected_at_two_sessions_at_once(client: ApiClient, today: date) -> None:
    query = """query ($from: Date!, $through: Date!) {
      conflicts(from: $from, through: $through, kinds: [PATIENT]) { totalCount
        nodes { message patient { id displayName } occurrences { groupDefinition { name }
          roster(first: 200) { nodes { patient { id } } } } } } }"""
    variables = {"from": today.isoformat(), "through": (today + timedelta(days=14)).isoformat()}
    conflicts = (await client.execute(query, variables))["conflicts"]
    assert conflicts["totalCount"] >= 1
    for conflict in conflicts["nodes"]:
        assert "expected at two sessions at once" in conflict["message"]
        assert len({occurrence["groupDefinition"]["name"] for occurrence in conflict["occurrences"]}) == 2
        for occurrence in conflict["occurrences"]:
            expected = [node["patient"]["id"] for node in occurrence["roster"]["nodes"]]
            assert conflict["patient"]["id"] in expected


@ALWAYS
async def test_each_coming_session_of_a_program_has_a_roster(client: ApiClient, today: date) -> None:
    query = """query ($from: Date!) { groupDefinitions(filter: {groupType: [IOP, PHP]}) { nodes { capacity { enrolled }
      occurrences(filter: {from: $from, status: [SCHEDULED]}, first: 3) {
        nodes { expected roster { totalCount } } } } } }"""
    variables = {"from": (today + timedelta(days=1)).isoformat()}
    for group in (await client.execute(query, variables))["groupDefinitions"]["nodes"]:
        for occurrence in group["occurrences"]["nodes"]:
            assert 0 < occurrence["expected"] <= group["capacity"]["enrolled"]
            assert occurrence["roster"]["totalCount"] == occurrence["expected"]


@ALWAYS
async def test_an_authorization_ends_in_five_days(client: ApiClient, today: date) -> None:
    query = """query ($from: Date!, $through: Date!) {
      enrollments(filter: {status: [ENROLLED], endingFrom: $from, endingThrough: $through}) { totalCount
        nodes { endDate groupDefinition { name } patient { displayName } } } }"""
    variables = {"from": today.isoformat(), "through": (today + timedelta(weeks=1)).isoformat()}
    enrollments = (await client.execute(query, variables))["enrollments"]
    assert enrollments["totalCount"] == 1
    [ending] = enrollments["nodes"]
    assert ending["endDate"] == (today + timedelta(days=5)).isoformat()
    assert ending["groupDefinition"] == {"name": "Morning Intensive Outpatient"}


@ALWAYS
async def test_past_sessions_have_rosters(client: ApiClient, today: date) -> None:
    query = """query ($through: Date!) { occurrences(filter: {through: $through}, orderBy: STARTS_AT_DESC, first: 20) {
      nodes { status expected } } }"""
    variables = {"through": (today - timedelta(days=1)).isoformat()}
    sessions = (await client.execute(query, variables))["occurrences"]["nodes"]
    assert {session["expected"] > 0 for session in sessions if session["status"] != "CANCELLED"} == {True}

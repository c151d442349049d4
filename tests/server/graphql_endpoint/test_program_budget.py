"""The board of 2,000 patients, what a change does to them, and long forecasts never block the event loop for long."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import insert

from db.connections.engine import Database
from db.tables import patients
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions
from tests.support.event_loop import MAX_BLOCKED_SECONDS, Work, without_garbage_collection

pytestmark = [pytest.mark.anyio, pytest.mark.timing]

MONDAY: Final = date(2027, 1, 11)
LONG_AGO: Final = datetime(2026, 6, 1, tzinfo=UTC)
PATIENTS: Final = 2000
GROUPS: Final = 200
BOARD: Final = """{ programCompliance(program: IOP, weekOf: "2027-01-13", %s) { totalCount
  pageInfo { endCursor } nodes { hours outlook patient { displayName } groupDefinitions { name } } } }"""


@pytest.fixture(autouse=True)
def _no_garbage_collection() -> Iterator[None]:
    with without_garbage_collection():
        yield


@pytest.fixture
async def client(app_client: ApiClients, engine: Database) -> ApiClient:
    await seed(engine, organization=ORGANIZATION)
    client = await app_client()
    await client.execute("{ viewer { id } }")  # the first request fills caches
    return client


async def add_patients(engine: Database) -> list[str]:
    ids = [f"person-{number:04}" for number in range(PATIENTS)]
    rows = [
        {
            "organization_id": ORGANIZATION,
            "id": id_,
            "display_name": f"Person {id_}",
            "medical_record_number": id_,
            "active": True,
            "search_text": f"person {id_}",
        }
        for id_ in ids
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(patients), rows)
    return ids


async def add_program(engine: Database, number: int, weeks: int, **columns: Any) -> Any:
    """Add a group of which no two have sessions at the same times, so that no two weeks are equal."""
    group = await add_group(engine, f"Group {number}", ORGANIZATION, **{"group_type": "IOP", **columns})
    days = [MONDAY + timedelta(weeks=week, days=day) for week in range(weeks) for day in range(5)]
    start = {"start_time": time(8 + number // 60, number % 60), "end_time": time(13)}
    await add_sessions(engine, group, days, ORGANIZATION, **start)
    return group


async def add_programs(engine: Database) -> None:
    """Add 2,000 patients, each with a seat in a program and in a group of skills."""
    people = await add_patients(engine)
    for number in range(GROUPS // 2):
        of_program = people[number :: GROUPS // 2]
        group = await add_program(engine, number, 1)
        skills = await add_program(engine, number, 1, group_type="SKILLS_TRAINING", counts_toward="IOP")
        for place, person in enumerate(of_program):
            left = {} if place % 2 else {"end_date": MONDAY + timedelta(days=place % 5)}
            await add_enrollments(engine, group, [person], ORGANIZATION, enrolled_at=LONG_AGO, **left)
        await add_enrollments(engine, skills, of_program, ORGANIZATION, enrolled_at=LONG_AGO)


async def test_a_board_of_2000_different_weeks_does_not_block_other_requests(
    client: ApiClient, engine: Database
) -> None:
    await add_programs(engine)
    for page in ("first: 50", "last: 200", "status: [COMPLIANT], first: 200"):
        work = Work()
        response = await work.of(client, BOARD % page)
        board = response.json()["data"]["programCompliance"]
        assert board["totalCount"] == PATIENTS or "status" in page
        assert board["nodes"]
        assert work.longest < MAX_BLOCKED_SECONDS


async def test_the_impact_on_2000_patients_does_not_block_other_requests(client: ApiClient, engine: Database) -> None:
    await add_programs(engine)
    mutation = """mutation { cancelOccurrences(input: {dryRun: true, reason: "Holiday", selection: {
      facilitatorId: "staff-1", from: "2027-01-13", through: "2027-01-15"}}) { cancelledCount userErrors { message }
      impact { patientCompliance { after { hours patient { displayName } } } } } }"""
    work = Work()
    payload = (await work.of(client, mutation)).json()["data"]["cancelOccurrences"]
    assert (payload["cancelledCount"], payload["userErrors"]) == (3 * GROUPS, [])
    assert len(payload["impact"]["patientCompliance"]) > 0
    assert work.longest < MAX_BLOCKED_SECONDS


async def test_the_longest_forecasts_of_200_groups_do_not_block_other_requests(
    client: ApiClient, engine: Database
) -> None:
    for number in range(GROUPS):
        await add_program(engine, number, 26)
    query = """{ groupDefinitions(first: 200) { nodes { complianceForecast(from: "2027-01-11", weeks: 26) {
      status hours } } } }"""
    work = Work()
    response = await work.of(client, query)
    nodes = response.json()["data"]["groupDefinitions"]["nodes"]
    assert [len(node["complianceForecast"]) for node in nodes] == [26] * GROUPS
    assert work.longest < MAX_BLOCKED_SECONDS

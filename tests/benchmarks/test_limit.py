"""What the limit answers is what the API answers: else the benchmark would compare different work."""

from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import orjson
import pytest

from benchmarks.data_set import DataSet, Size
from benchmarks.fill import fill
from benchmarks.limit_sql import REPORT, REPORT_BUILT, SMALL
from benchmarks.queries import PATIENT_SEARCH
from benchmarks.queries import REPORT as REPORT_QUERY
from benchmarks.queries import SMALL as SMALL_QUERY
from db.connections.engine import Database
from db.invariants.rosters import foreign_references, roster_violations
from db.invariants.violations import OrganizationSnapshot
from tests.support.api_client import ORGANIZATION, ApiClients

pytestmark = pytest.mark.anyio

SIZE = Size(groups=3, sessions=30, enrolled=4, left=1, patients=7, seats=4)


@pytest.fixture
async def data_set(administrator_url: str) -> DataSet:
    of_the_caller, of_another = DataSet(ORGANIZATION, SIZE), DataSet("another", SIZE)
    await fill(administrator_url, [of_the_caller, of_another])
    return of_the_caller


async def _ask_limit(administrator_url: str, statement: str, *values: object) -> Any:
    connection = await asyncpg.connect(administrator_url)
    try:
        return orjson.loads(await connection.fetchval(statement, ORGANIZATION, *values))["data"]
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", [REPORT, REPORT_BUILT])
async def test_both_statements_for_the_report_give_what_the_api_gives(
    administrator_url: str, data_set: DataSet, app_client: ApiClients, statement: str
) -> None:
    answer = await (await app_client()).ask(REPORT_QUERY)

    assert await _ask_limit(administrator_url, statement) == answer
    nodes = answer["groupDefinitions"]["nodes"]
    assert [len(group["occurrences"]["nodes"]) for group in nodes] == [20] * SIZE.groups
    assert [len(group["enrollments"]["nodes"]) for group in nodes] == [5] * SIZE.groups


async def test_the_statement_for_a_small_query_gives_what_the_api_gives(
    administrator_url: str, data_set: DataSet, app_client: ApiClients
) -> None:
    group = data_set.groups[1]
    answer = await (await app_client()).ask(SMALL_QUERY, {"id": str(group)})

    assert await _ask_limit(administrator_url, SMALL, group) == answer
    assert answer["groupDefinition"]["capacity"]["status"] == "FULL"


async def test_the_rows_keep_the_rules_of_rosters_and_of_references(engine: Database, data_set: DataSet) -> None:
    async with engine.connect() as connection:
        reading = OrganizationSnapshot(connection, data_set.organization)
        rosters = [violation async for violation in roster_violations(reading)]
        references = [violation async for violation in foreign_references(reading)]

    assert rosters + references == []


async def test_patients_are_found_as_those_that_came_by_the_import(data_set: DataSet, app_client: ApiClients) -> None:
    answer = await (await app_client()).ask(PATIENT_SEARCH, {"text": "mr-0000003"})

    assert [patient["id"] for patient in answer["patients"]["nodes"]] == ["patient-3"]

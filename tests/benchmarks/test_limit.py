"""The limit returns the same data as the API. Otherwise the benchmark would compare different work."""

from typing import Any

import asyncpg
import orjson
import pytest

from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import DataSet, DataSetSize
from benchmarks.limit_sql import REPORT, REPORT_BUILT, SMALL
from benchmarks.queries import PATIENT_SEARCH
from benchmarks.queries import REPORT as REPORT_QUERY
from benchmarks.queries import SMALL as SMALL_QUERY
from db.connections.engine import Database
from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.references import foreign_references
from db.invariants.rosters import roster_violations
from tests.support.api_client import ORGANIZATION, ApiClients

pytestmark = pytest.mark.anyio

SIZE = DataSetSize(groups=3, sessions=30, enrolled=4, disenrolled=1, patients=7, seats=4)


@pytest.fixture
async def data_set(administrator_url: str) -> DataSet:
    own = DataSet(ORGANIZATION, SIZE)
    await insert_data_sets(administrator_url, [own, DataSet("another", SIZE)])
    return own


async def _limit_data(administrator_url: str, statement: str, *values: object) -> Any:
    connection = await asyncpg.connect(administrator_url)
    try:
        return orjson.loads(await connection.fetchval(statement, ORGANIZATION, *values))["data"]
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", [REPORT, REPORT_BUILT])
async def test_both_statements_of_the_report_return_the_data_of_the_api(
    administrator_url: str, data_set: DataSet, app_client: ApiClients, statement: str
) -> None:
    data = await (await app_client()).execute(REPORT_QUERY)

    assert await _limit_data(administrator_url, statement) == data
    nodes = data["groupDefinitions"]["nodes"]
    assert [len(group["occurrences"]["nodes"]) for group in nodes] == [20] * SIZE.groups
    assert [len(group["enrollments"]["nodes"]) for group in nodes] == [5] * SIZE.groups


async def test_the_statement_of_a_small_query_returns_the_data_of_the_api(
    administrator_url: str, data_set: DataSet, app_client: ApiClients
) -> None:
    group = data_set.groups[1]
    data = await (await app_client()).execute(SMALL_QUERY, {"id": str(group)})

    assert await _limit_data(administrator_url, SMALL, group) == data
    assert data["groupDefinition"]["capacity"]["status"] == "FULL"


async def test_the_rows_satisfy_the_rules_of_rosters_and_references(engine: Database, data_set: DataSet) -> None:
    async with engine.connect() as connection:
        reading = OrganizationSnapshot(connection, data_set.organization)
        rosters = [violation async for violation in roster_violations(reading)]
        references = [violation async for violation in foreign_references(reading)]

    assert rosters + references == []


async def test_a_search_finds_the_inserted_patients(data_set: DataSet, app_client: ApiClients) -> None:
    data = await (await app_client()).execute(PATIENT_SEARCH, {"text": "mr-0000003"})

    assert [patient["id"] for patient in data["patients"]["nodes"]] == ["patient:patient-3"]

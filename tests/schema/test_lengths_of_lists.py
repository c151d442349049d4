"""A list of which only `totalCount` is selected is counted, and its records are neither read nor disclosed."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log
from resolvers.context import Clinic
from tests.schema.test_statement_counts import count
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app, refused
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio

LISTS = ("groupDefinitions", "occurrences", "enrollments", "patients", "staffMembers", "locations", "closures")


@pytest.fixture(params=["compiled", "graphql-core"])
async def client(engine: Database, clinic: Clinic, request: pytest.FixtureRequest) -> AsyncIterator[ApiClient]:
    await seed(engine, ORGANIZATION, patient_count=4)
    group = await add_group(engine, "Process", ORGANIZATION)
    await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION)
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield await clients()


async def logged(engine: Database) -> list[list[str]]:
    async with engine.connect() as connection:
        return [sorted(ids) for ids in await connection.scalars(select(access_log.c.patient_ids))]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("selection", ["totalCount", "count: totalCount __typename", "...length"])
async def test_a_length_takes_one_statement_and_discloses_nobody(
    engine: Database, client: ApiClient, name: str, selection: str
) -> None:
    connection = name[0].upper() + name[1:-1] + "Connection"
    fragment = f" fragment length on {connection} {{ totalCount }}" if selection == "...length" else ""
    assert await count(client, f"{{ {name}(first: 1) {{ {selection} }} }}{fragment}") == 1
    assert await logged(engine) == []


async def test_a_page_beside_its_length_discloses_its_patients(engine: Database, client: ApiClient) -> None:
    data = await client.execute(
        """query ($nodes: Boolean = false) { a: enrollments { totalCount nodes @include(if: $nodes) { status } }
        b: enrollments(first: 1) { totalCount pageInfo { hasNextPage } } }"""
    )
    assert data == {"a": {"totalCount": 2}, "b": {"totalCount": 2, "pageInfo": {"hasNextPage": True}}}
    assert await logged(engine) == [["patient-1"]]
    await client.execute("{ enrollments { totalCount edges { cursor } } }")
    assert await logged(engine) == [["patient-1"], ["patient-1", "patient-2"]]


async def test_the_arguments_of_a_page_are_checked_also_if_it_is_not_read(client: ApiClient) -> None:
    message = await refused(client, "{ enrollments(first: 0) { totalCount } }")
    assert message == "`first` must be between 1 and 200."
    message = await refused(client, '{ enrollments(after: "nonsense") { totalCount } }')
    assert message.startswith("`after` is not a valid cursor.")

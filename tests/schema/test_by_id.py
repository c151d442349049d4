"""A record by its id is read together with its lists, and the response equals that of graphql-core."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 22)

GROUP = """query Group($id: ID!) { groupDefinition(id: $id) {
  name capacity { enrolled waitlisted available status }
  occurrences(first: 2) { totalCount nodes { id sessionDate startTime status } pageInfo { hasNextPage endCursor } }
  last: occurrences(last: 1, filter: {from: "2026-11-23"}) { edges { cursor node { id } } }
  enrollments(first: 1) { totalCount nodes { status waitlistPosition } }
  history(first: 1) { nodes { action changes { field before after } } } } }"""
_SEVERAL = " ".join(
    f"a{number}: occurrences(first: {number % 3 + 1}) {{ totalCount edges {{ cursor node {{ id version }} }} }}"
    f" b{number}: enrollments(first: 1) {{ nodes {{ status version }} }}"
    for number in range(49)
)
MANY = f"query Many($id: ID!) {{ groupDefinition(id: $id) {{ {_SEVERAL} }} }}"
NAMES = """query Namespace($id: ID!) { groupDefinition(id: $id) {
  capacity { enrolled } facilitator { displayName }
  enrollments { nodes { patient { displayName } } } occurrences(first: 1) { nodes { location { site } } } } }"""
OTHERS = [
    "query($id: ID!) { patient(id: $id) { displayName enrollments { totalCount nodes { status } } } }",
    "query($id: ID!) { enrollment(id: $id) { status patient { displayName } groupDefinition { name } } }",
    """query($id: ID!) { occurrence(id: $id) {
      sessionDate groupDefinition { name capacity { enrolled } } history { totalCount } } }""",
    "query($id: ID!) { __typename groupDefinition(id: $id) { id __typename } viewer { id } }",
]


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    for organization in (ORGANIZATION, THEIRS):
        await seed(engine, organization)
    return await app_client()


@pytest.fixture
async def plain(clinic: Clinic, client: ApiClient) -> AsyncIterator[ApiClient]:
    """A client of the same clinic, served by graphql-core's executor."""
    app = make_app(clinic, compiled=False)
    async with clients_of(app) as clients:
        yield await clients()


async def add_full_group(engine: Database, number: int = 0, organization: str = ORGANIZATION) -> list[str]:
    """Add a full group. Return the ids of the group and of one of its sessions, enrollments and patients."""
    group = await add_group(engine, f"Group {number}", organization, max_capacity=2 + number)
    sessions = await add_sessions(engine, group, [DAY + timedelta(days=day) for day in range(4)], organization)
    enrollments = await add_enrollments(engine, group, ["patient-1", f"patient-{2 + number}"], organization)
    return [str(group), str(sessions[0]), str(enrollments[0]), "patient-1"]


async def reads(engine: Database) -> list[list[str]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(access_log.c.patient_ids).order_by(access_log.c.id))
        return [patient_ids for (patient_ids,) in rows]


def statements(response: Any) -> int:
    return int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])


async def test_a_group_with_its_lists_is_read_by_one_statement_each_time(
    engine: Database, client: ApiClient, plain: ApiClient, database_kind: str
) -> None:
    [group, *_] = await add_full_group(engine)
    expected = await plain.execute(GROUP, {"id": group})
    for _ in range(3):
        response = await client.send(GROUP, {"id": group})
        assert response.json()["data"] == expected
        # The second statement stores the access row.
        assert database_kind == "sqlite" or statements(response) == 1 + 1
    assert await reads(engine) == [["patient-1"]] * 4


async def test_records_below_the_lists_are_read_from_the_same_snapshot(
    engine: Database, client: ApiClient, plain: ApiClient, database_kind: str
) -> None:
    [group, *_] = await add_full_group(engine)
    expected = await plain.execute(NAMES, {"id": group})
    for _ in range(3):
        response = await client.send(NAMES, {"id": group})
        assert response.json()["data"] == expected
        assert database_kind == "sqlite" or statements(response) == 1 + len({"staff", "patients"}) + 1
    assert await reads(engine) == [["patient-1", "patient-2"]] * 4


@pytest.mark.parametrize("query", [GROUP, NAMES, MANY, *OTHERS], ids=lambda query: query.split()[1][:9])
async def test_the_response_to_any_id_equals_that_of_graphql_core(
    engine: Database, client: ApiClient, plain: ApiClient, query: str
) -> None:
    ours, others = await add_full_group(engine), await add_full_group(engine, 1)
    theirs = await add_full_group(engine, 2, THEIRS)
    invalid: list[Any] = [None, 5, 5.5, True, [], ["a"], {"a": 1}, "", "no id", "\u0663" * 36]
    invalid += [ours[0].upper(), f"{ours[0]}\n", f"{{{ours[0]}}}", ours[0].replace("-", "")]
    requests = [{"id": id_} for id_ in (*ours, *others, *theirs[:3], str(uuid4()), "nobody", *invalid)]
    for variables in ({"id": ours[0]}, *requests, {}, {"other": 1}, {"id": ours[0], "more": [1]}, *requests):
        expected, response = await plain.send(query, variables), await client.send(query, variables)
        assert (response.status_code, response.json()) == (expected.status_code, expected.json()), variables
    accesses = await reads(engine)
    assert accesses[::2] == accesses[1::2]


async def test_a_patient_who_is_reached_again_is_not_read_again(
    engine: Database, client: ApiClient, plain: ApiClient
) -> None:
    *_, patient = await add_full_group(engine)
    query = "query($id: ID!) { patient(id: $id) { displayName enrollments { nodes { patient { displayName } } } } }"
    expected = await plain.execute(query, {"id": patient})
    for _ in range(2):
        response = await client.send(query, {"id": patient})
        assert response.json()["data"] == expected
        assert statements(response) <= 2 + 1  # the last one stores the access row


async def test_a_query_with_very_many_lists_is_split_into_several_statements(
    engine: Database, client: ApiClient, plain: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL allows about 1,600 columns, and keeps prepared statements on every connection."""
    [group, *_] = await add_full_group(engine)
    caplog.set_level("INFO")
    for _ in range(2):
        assert await client.try_execute(MANY, {"id": group}) == await plain.try_execute(MANY, {"id": group})
    assert {record.fields["fallbacks"] for record in caplog.records if hasattr(record, "fields")} == {0}


async def test_concurrent_requests_get_their_own_records(engine: Database, client: ApiClient, plain: ApiClient) -> None:
    groups = [(await add_full_group(engine, number))[0] for number in range(5)] + [str(uuid4())]
    expected = [await plain.try_execute(GROUP, {"id": group}) for group in groups]
    for _ in range(3):
        assert await asyncio.gather(*(client.try_execute(GROUP, {"id": group}) for group in groups)) == expected


async def test_a_cached_query_grants_no_permission_to_the_next_caller(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    [group, *_] = await add_full_group(engine)
    query = (
        "query($id: ID!) { groupDefinition(id: $id) { name occurrences { totalCount } enrollments { nodes { id } } } }"
    )
    everyone = await app_client()
    limited = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    stranger = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    for _ in range(3):
        assert (await everyone.execute(query, {"id": group}))["groupDefinition"]["occurrences"] == {"totalCount": 4}
        response = await limited.try_execute(query, {"id": group})
        assert response["data"] == {"groupDefinition": {"name": "Group 0", "occurrences": None, "enrollments": None}}
        assert {error["extensions"]["code"] for error in response["errors"]} == {"FORBIDDEN"}
        assert (await stranger.try_execute(query, {"id": group}))["data"] == {"groupDefinition": None}
    assert await reads(engine) == [["patient-1", "patient-2"]] * 3


@pytest.mark.parametrize("first", [0, -1, 201, 2**31 - 1])
async def test_an_invalid_page_size_is_refused_with_the_same_message_each_time(
    engine: Database, client: ApiClient, plain: ApiClient, first: int
) -> None:
    [group, *_] = await add_full_group(engine)
    query = "query($id: ID!, $first: Int) { groupDefinition(id: $id) { occurrences(first: $first) { nodes { id } } } }"
    for size in (3, first, None, first, 2):
        expected = await plain.try_execute(query, {"id": group, "first": size})
        assert await client.try_execute(query, {"id": group, "first": size}) == expected
        assert ("errors" in expected) == (size == first)


async def test_a_deleted_group_is_returned_with_its_lists(
    engine: Database, client: ApiClient, plain: ApiClient
) -> None:
    [group, *_] = await add_full_group(engine)
    version = (await client.execute("query($id: ID!) { groupDefinition(id: $id) { version } }", {"id": group}))[
        "groupDefinition"
    ]["version"]
    await client.execute(
        "mutation($id: ID!, $version: Int!) { deleteGroupDefinition(input: {id: $id, expectedVersion: $version})"
        " { userErrors { code } } }",
        {"id": group, "version": version},
    )
    for _ in range(2):
        assert await client.execute(GROUP, {"id": group}) == await plain.execute(GROUP, {"id": group})

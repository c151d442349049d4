"""A record by its id, with what is asked of it, read together: the same as read one by one, however often asked."""

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
    """The same clinic, by graphql-core's executor alone."""
    app = make_app(clinic, compiled=False)
    async with clients_of(app) as clients:
        yield await clients()


async def add_full_group(engine: Database, number: int = 0, organization: str = ORGANIZATION) -> list[str]:
    """Gives the ids of a group, a session, an enrollment and a patient."""
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


async def test_a_group_with_all_that_its_id_tells_is_one_statement_however_often_it_is_asked(
    engine: Database, client: ApiClient, plain: ApiClient, database_kind: str
) -> None:
    [group, *_] = await add_full_group(engine)
    expected = await plain.execute(GROUP, {"id": group})
    for _ in range(3):
        response = await client.send(GROUP, {"id": group})
        assert response.json()["data"] == expected
        # The other one stores whose enrollments were read.
        assert database_kind == "sqlite" or statements(response) == 1 + 1
    assert await reads(engine) == [["patient-1"]] * 4


async def test_what_no_id_tells_is_read_in_the_same_moment(
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
async def test_whoever_asks_for_whatever_is_told_what_graphql_core_tells(
    engine: Database, client: ApiClient, plain: ApiClient, query: str
) -> None:
    ours, others = await add_full_group(engine), await add_full_group(engine, 1)
    theirs = await add_full_group(engine, 2, THEIRS)
    wrong: list[Any] = [None, 5, 5.5, True, [], ["a"], {"a": 1}, "", "no id", "\u0663" * 36]
    wrong += [ours[0].upper(), f"{ours[0]}\n", f"{{{ours[0]}}}", ours[0].replace("-", "")]
    asked = [{"id": each} for each in (*ours, *others, *theirs[:3], str(uuid4()), "nobody", *wrong)]
    for variables in ({"id": ours[0]}, *asked, {}, {"other": 1}, {"id": ours[0], "more": [1]}, *asked):
        expected, found = await plain.send(query, variables), await client.send(query, variables)
        assert (found.status_code, found.json()) == (expected.status_code, expected.json()), variables
    told = await reads(engine)
    assert told[::2] == told[1::2]


async def test_a_patient_is_read_once_whoever_leads_back_to_them(
    engine: Database, client: ApiClient, plain: ApiClient
) -> None:
    *_, patient = await add_full_group(engine)
    query = "query($id: ID!) { patient(id: $id) { displayName enrollments { nodes { patient { displayName } } } } }"
    expected = await plain.execute(query, {"id": patient})
    for _ in range(2):
        response = await client.send(query, {"id": patient})
        assert response.json()["data"] == expected
        assert statements(response) <= 2 + 1  # the last one records whose records were read


async def test_however_much_is_asked_of_a_group_no_statement_reads_it_all(
    engine: Database, client: ApiClient, plain: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL takes some 1,600 columns at most, and keeps what was asked prepared on every connection."""
    [group, *_] = await add_full_group(engine)
    caplog.set_level("INFO")
    for _ in range(2):
        assert await client.try_execute(MANY, {"id": group}) == await plain.try_execute(MANY, {"id": group})
    assert {record.fields["fallbacks"] for record in caplog.records if hasattr(record, "fields")} == {0}


async def test_many_at_once_are_each_told_their_own(engine: Database, client: ApiClient, plain: ApiClient) -> None:
    groups = [(await add_full_group(engine, number))[0] for number in range(5)] + [str(uuid4())]
    expected = [await plain.try_execute(GROUP, {"id": group}) for group in groups]
    for _ in range(3):
        assert await asyncio.gather(*(client.try_execute(GROUP, {"id": group}) for group in groups)) == expected


async def test_what_one_caller_may_see_opens_nothing_to_the_next(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    [group, *_] = await add_full_group(engine)
    query = (
        "query($id: ID!) { groupDefinition(id: $id) { name occurrences { totalCount } enrollments { totalCount } } }"
    )
    everyone = await app_client()
    limited = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    stranger = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    for _ in range(3):
        assert (await everyone.execute(query, {"id": group}))["groupDefinition"]["occurrences"] == {"totalCount": 4}
        answer = await limited.try_execute(query, {"id": group})
        assert answer["data"] == {"groupDefinition": {"name": "Group 0", "occurrences": None, "enrollments": None}}
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
        assert (await stranger.try_execute(query, {"id": group}))["data"] == {"groupDefinition": None}
    assert await reads(engine) == [["patient-1", "patient-2"]] * 3


@pytest.mark.parametrize("first", [0, -1, 201, 2**31 - 1])
async def test_a_page_that_cannot_be_is_refused_in_the_same_words_each_time(
    engine: Database, client: ApiClient, plain: ApiClient, first: int
) -> None:
    [group, *_] = await add_full_group(engine)
    query = "query($id: ID!, $first: Int) { groupDefinition(id: $id) { occurrences(first: $first) { nodes { id } } } }"
    for wanted in (3, first, None, first, 2):
        expected = await plain.try_execute(query, {"id": group, "first": wanted})
        assert await client.try_execute(query, {"id": group, "first": wanted}) == expected
        assert ("errors" in expected) == (wanted == first)


async def test_a_group_that_is_deleted_is_told_with_all_it_had(
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

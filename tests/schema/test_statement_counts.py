"""The number of statements of a query depends on its levels, not on its parents or aliases, with both executors."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import httpx
import pytest

from db.connections.engine import Database
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 22)

GROUP = """
  id name capacity { enrolled } facilitator { displayName } coFacilitator { displayName }
  occurrences(first: 2) { nodes { id status facilitator { displayName } } }
  enrollments(first: 2) { nodes { id patient { displayName } } }"""
GROUP_FRAGMENT = f"fragment group on GroupDefinition {{ {GROUP} }}"
NODE_FRAGMENT = f"""
fragment group on Node {{
  __typename id
  ... on GroupDefinition {{ {GROUP} }}
  ... on Occurrence {{ sessionDate groupDefinition {{ name }} location {{ site }} }}
  ... on Enrollment {{ waitlistPosition groupDefinition {{ name }} patient {{ displayName }} }}
  ... on Patient {{ displayName enrolledIn: enrollments(first: 5) {{ nodes {{ id patient {{ displayName }} }} }} }}
}}"""


@pytest.fixture
async def compiled(engine: Database, app_client: ApiClients) -> ApiClient:
    """A client of the server as it is deployed."""
    await seed(engine, ORGANIZATION)
    return await app_client()


@pytest.fixture
async def plain(clinic: Clinic, compiled: ApiClient) -> AsyncIterator[ApiClient]:
    """A client of a server with graphql-core's executor, on the same database."""
    async with clients_of(make_app(clinic, compiled=False)) as clients:
        yield await clients()


async def add_records(engine: Database, count: int) -> list[list[str]]:
    """Insert groups with two sessions and two enrollments each. Return their ids, by type."""
    ids: list[list[str]] = [[], [], [], ["patient:patient-1", "patient:patient-2"]]
    for number in range(count):
        group = await add_group(engine, f"Group {number}", ORGANIZATION, co_facilitator_id="staff-2")
        ids[0].append(str(group))
        days = [DAY + timedelta(days=day) for day in range(2)]
        ids[1] += map(str, await add_sessions(engine, group, days, ORGANIZATION))
        ids[2] += map(str, await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION))
    return ids


def aliases(field: str, ids: Sequence[str], fragment: str) -> str:
    """Return a query that reads records by id, each under its own alias."""
    fields = " ".join(f'a{number}: {field}(id: "{id_}") {{ ...group }}' for number, id_ in enumerate(ids))
    return f"{{ {fields} }} {fragment}"


async def count(client: ApiClient, query: str) -> int:
    """Return the number of statements of a query that was executed before."""
    await client.execute(query)
    response = await client.send(query)
    assert "errors" not in response.json(), response.json()["errors"]
    return statements_of(response)


def statements_of(response: httpx.Response) -> int:
    match = re.search(r"desc=\"?(\d+)", response.headers["Server-Timing"])
    assert match is not None
    return int(match[1])


async def test_groups_under_28_aliases_take_the_statements_of_2(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    [groups, *_] = await add_records(engine, 28)
    few, many = (aliases("groupDefinition", ids, GROUP_FRAGMENT) for ids in (groups[:2], groups))
    expected = await count(plain, few)
    assert expected <= 9  # groups, seats, staff twice, sessions, enrollments, patients, and the access log's two
    assert [await count(plain, many), await count(compiled, few), await count(compiled, many)] == [expected] * 3
    assert (await compiled.send(many)).content == (await plain.send(many)).content


async def test_nodes_under_28_aliases_take_the_statements_of_4(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    groups, sessions, enrollments, patients = await add_records(engine, 9)
    mixed = [[*groups[:size], *sessions[:size], *enrollments[:size], patients[0]] for size in (1, 9)]
    few, many = (aliases("node", ids, NODE_FRAGMENT) for ids in mixed)
    expected = await count(plain, few)
    assert expected <= 15
    assert await count(plain, many) == expected
    assert await count(compiled, few) <= expected
    assert await count(compiled, many) <= expected
    assert (await compiled.send(many)).content == (await plain.send(many)).content


async def test_records_of_different_types_share_the_statements_of_their_references(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    groups, sessions, enrollments, _ = await add_records(engine, 2)
    query = f"""{{
      a: groupDefinition(id: "{groups[0]}") {{ facilitator {{ displayName }} coFacilitator {{ displayName }} }}
      b: occurrence(id: "{sessions[0]}") {{ facilitator {{ displayName }} }}
      c: enrollment(id: "{enrollments[0]}") {{ patient {{ displayName }} }}
      d: patient(id: "patient-1") {{ displayName }}
    }}"""
    assert await count(compiled, query) <= await count(plain, query)


COUNTS = """{ groupDefinitions(first: 50) { nodes {
  all: occurrences { totalCount }
  scheduled: occurrences(filter: {status: [SCHEDULED]}) { totalCount }
  later: occurrences(filter: {from: "2026-11-23"}, first: 1) { totalCount nodes { id } }
  enrolled: enrollments(status: [ENROLLED]) { totalCount __typename }
  waiting: enrollments(status: [WAITLISTED]) { __typename }
  history(first: 1) { totalCount }
} } }"""


async def test_counts_of_all_lists_and_parents_take_one_statement(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    await add_records(engine, 2)
    # The groups, one page of sessions, and all the counts. No patient's record is read.
    assert [await count(client, COUNTS) for client in (compiled, plain)] == [3, 3]
    await add_records(engine, 10)
    assert [await count(client, COUNTS) for client in (compiled, plain)] == [3, 3]
    response = await compiled.send(COUNTS)
    assert response.content == (await plain.send(COUNTS)).content
    nodes = response.json()["data"]["groupDefinitions"]["nodes"]
    assert [[node[name]["totalCount"] for name in ("all", "scheduled", "later", "enrolled")] for node in nodes] == [
        [2, 2, 1, 2]
    ] * 12


async def test_aliases_of_a_long_list_take_one_statement(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    await add_records(engine, 2)
    query = """{ groupDefinitions { nodes {
      a: occurrences { nodes { id } }  b: occurrences { nodes { status startsAt facilitator { displayName } } }
    } } }"""
    # The groups, the sessions, and the staff.
    assert [await count(client, query) for client in (compiled, plain)] == [3, 3]
    assert (await compiled.send(query)).content == (await plain.send(query)).content


WEEK = 'compliance(weekOf: "2026-11-{}") {{ weekStart hours days status requirements {{ code actual met }} }}'
FOUR_WEEKS = f"""{{ groupDefinitions(first: 50) {{ nodes {{
  a: {WEEK.format("22")} b: {WEEK.format("24")} c: {WEEK.format("14")} d: {WEEK.format("29")}
}} }} }}"""


async def test_compliance_of_all_groups_and_weeks_takes_one_statement(
    engine: Database, compiled: ApiClient, plain: ApiClient
) -> None:
    for groups in (2, 10):
        for number in range(groups):
            group = await add_group(engine, f"Program {groups}.{number}", ORGANIZATION, group_type="IOP")
            await add_sessions(engine, group, [DAY + timedelta(days=day) for day in range(number + 1)], ORGANIZATION)
        assert [await count(client, FOUR_WEEKS) for client in (compiled, plain)] == [2, 2]
    response = await compiled.send(FOUR_WEEKS)
    assert response.content == (await plain.send(FOUR_WEEKS)).content
    node = response.json()["data"]["groupDefinitions"]["nodes"][9]  # of ten sessions
    assert [(node[week]["weekStart"], node[week]["days"]) for week in "abcd"] == [
        ("2026-11-22", 7),
        ("2026-11-22", 7),
        ("2026-11-08", 0),
        ("2026-11-29", 3),
    ]

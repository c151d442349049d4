"""Query.nodes: the records with some ids, in their order, each as `node` returns it."""

import json
from collections.abc import AsyncIterator, Sequence
from itertools import combinations
from uuid import uuid4

import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClients, clients_of, make_app, refused
from tests.support.clinic import THEIRS
from tests.support.marked_clinic import MarkedClinic

pytestmark = pytest.mark.anyio

VIEW = [key for key in PermissionKey if key.endswith(".view")]
FRAGMENT = """fragment record on Node {
  __typename id
  ... on GroupDefinition { name enrollments { totalCount } occurrences { nodes { id facilitator { displayName } } } }
  ... on Occurrence { sessionDate groupDefinition { name } }
  ... on Enrollment { status patient { displayName } groupDefinition { name } }
  ... on Patient { displayName enrollments { totalCount } }
  ... on AuditEntry { action changes { field after } }
}"""
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...record }} }} {FRAGMENT}"


def aliases(ids: Sequence[str]) -> str:
    """Return the query that reads each record by `node`."""
    fields = " ".join(f'a{number}: node(id: "{node_id}") {{ ...record }}' for number, node_id in enumerate(ids))
    return f"{{ {fields} }} {FRAGMENT}"


@pytest.fixture
async def ids(engine: Database) -> list[str]:
    """Ids of records of all types, of unknown records, and of one in another organization."""
    clinic = await MarkedClinic.seeded(engine, ORGANIZATION)
    group = await clinic.add_group()
    theirs = await (await MarkedClinic.seeded(engine, THEIRS)).add_group()
    records = [group.id, group.session, group.past, *group.changes, "staff:s1", "location:l1", "patient:patient-id-1"]
    unknown = [str(uuid4()), "patient:nobody", "patient-id-1", "other", theirs.id, theirs.changes[0]]
    return [unknown[0], *records, *unknown[1:], group.session]


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(request: pytest.FixtureRequest, clinic: Clinic) -> AsyncIterator[ApiClients]:
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield clients


async def test_nodes_are_what_node_returns_for_each_id(clients: ApiClients, ids: list[str]) -> None:
    found = {}
    for keys in (keys for size in range(len(VIEW) + 1) for keys in combinations(VIEW, size)):
        client = await clients(permissions=keys)
        for _ in range(2):  # the second time by a cached plan
            together = await client.try_execute(NODES, {"ids": ids})
            apart = await client.try_execute(aliases(ids))
            assert together["data"]["nodes"] == list(apart["data"].values())
            paths = [["nodes", int(error["path"][0][1:]), *error["path"][1:]] for error in apart.get("errors", ())]
            assert [error["path"] for error in together.get("errors", ())] == paths
        found[keys] = [node["__typename"] for node in together["data"]["nodes"] if node is not None]
    assert found[()] == []
    assert found[(PermissionKey.GROUP_SCHEDULE_VIEW,)] == ["Occurrence", "AuditEntry", "AuditEntry", "Occurrence"]
    assert len(found[tuple(VIEW)]) == 11


async def test_both_executors_return_equal_nodes(clinic: Clinic, ids: list[str]) -> None:
    responses = []
    for compiled in (True, False):
        async with clients_of(make_app(clinic, compiled=compiled)) as clients:
            client = await clients()
            denied = await clients(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
            invalid = aliases([*ids[:3], "a\\u0000", *ids[3:], "b\\u0000"])
            for query, variables in ((NODES, {"ids": ids}), (aliases(ids), {}), (invalid, {})):
                responses.append([(await caller.send(query, variables)).content for caller in (client, denied)])
    assert responses[:3] == responses[3:]
    assert [error["path"] for error in json.loads(responses[2][0])["errors"]] == [["a3"], [f"a{len(ids) + 1}"]]


async def test_nodes_takes_1_to_200_ids(clients: ApiClients) -> None:
    client = await clients()
    message = "`ids` must have 1 to 200 ids."
    assert await refused(client, "{ nodes(ids: []) { id } }") == message
    too_many = ", ".join(f'"{number}"' for number in range(201))
    assert await refused(client, f"{{ nodes(ids: [{too_many}]) {{ id }} }}") == message
    many = [str(number) for number in range(200)]
    assert (await client.execute(NODES, {"ids": many}))["nodes"] == [None] * 200
    assert (await client.execute(NODES, {"ids": many[:1]}))["nodes"] == [None]


async def test_nodes_keep_the_order_of_ids_and_repeat_those_listed_twice(clients: ApiClients, ids: list[str]) -> None:
    client = await clients()
    listed = [*reversed(ids), *ids, ids[1], ids[1]]
    by_id = {node["id"]: node for node in (await client.execute(NODES, {"ids": ids}))["nodes"] if node is not None}
    assert (await client.execute(NODES, {"ids": listed}))["nodes"] == [by_id.get(one) for one in listed]
    # A list of one, and a record alone many times.
    assert (await client.execute(NODES, {"ids": ids[1:2]}))["nodes"] == [by_id[ids[1]]]
    assert (await client.execute(NODES, {"ids": ids[1:2] * 200}))["nodes"] == [by_id[ids[1]]] * 200


async def test_an_id_that_cannot_be_stored_is_invalid(clients: ApiClients) -> None:
    client = await clients()
    assert await refused(client, '{ nodes(ids: ["a\\u0000"]) { id } }') == "`ids` contains an invalid character."


async def test_denied_fields_of_nodes_need_no_second_execution(
    app_client: ApiClients, ids: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    client = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    caplog.set_level("INFO")
    for query, variables in ((NODES, {"ids": ids}), (aliases(ids), {})):
        body = (await client.send(query, variables)).json()
        assert {error["extensions"]["code"] for error in body["errors"]} == {"FORBIDDEN"}
    assert {record.fields["fallbacks"] for record in caplog.records if hasattr(record, "fields")} == {0}

"""A denied field is null with an error at its path, and the rest of the response is complete."""

from collections.abc import AsyncIterator

import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

ENROLL = """enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) {
  enrollment { status } userErrors { code } }"""
DELETE = "deleteGroupDefinition(input: {id: $group}) { groupDefinition { name } userErrors { code } }"


@pytest.fixture(params=["compiled", "graphql-core"])
async def client(request: pytest.FixtureRequest, engine: Database, clinic: Clinic) -> AsyncIterator[ApiClient]:
    """A client that may view groups and schedules, and enroll patients."""
    await seed(engine, ORGANIZATION)
    keys = (
        PermissionKey.GROUP_DEFINITIONS_VIEW,
        PermissionKey.GROUP_SCHEDULE_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_CREATE,
    )
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield await clients(permissions=keys)


async def test_allowed_root_fields_are_complete_beside_a_denied_one(client: ApiClient) -> None:
    for _ in range(2):  # the second time by a cached plan
        response = await client.send(
            "{ staffMembers { nodes { displayName } } patients { totalCount } locations(last: 1) { nodes { site } } }"
        )
        assert response.status_code == 200
        body = response.json()
        assert body["data"] == {
            "staffMembers": {"nodes": [{"displayName": "Staff 1"}, {"displayName": "Staff 2"}]},
            "patients": None,
            "locations": {"nodes": [{"site": "Phoenix"}]},
        }
        [error] = body["errors"]
        assert error["path"] == ["patients"]
        assert error["extensions"] == {"code": "FORBIDDEN", "requiredPermission": "pm.group_enrollments.view"}


async def test_a_mutation_keeps_its_payload_beside_a_denied_one(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    response = await client.send(f"mutation ($group: ID!) {{ {ENROLL} {DELETE} }}", {"group": str(group)})
    assert response.status_code == 200
    body = response.json()
    assert body["data"] == {
        "enrollPatient": {"enrollment": {"status": "ENROLLED"}, "userErrors": []},
        "deleteGroupDefinition": None,
    }
    assert [(error["path"], error["extensions"]["code"]) for error in body["errors"]] == [
        (["deleteGroupDefinition"], "FORBIDDEN")
    ]
    state = await everything(engine)
    assert (len(state.enrollments), state.groups[0]["deleted_at"]) == (1, None)


async def test_a_mutation_runs_after_a_denied_one(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    body = await client.try_execute(f"mutation ($group: ID!) {{ {DELETE} {ENROLL} }}", {"group": str(group)})
    assert body["data"] == {
        "deleteGroupDefinition": None,
        "enrollPatient": {"enrollment": {"status": "ENROLLED"}, "userErrors": []},
    }
    assert [error["path"] for error in body["errors"]] == [["deleteGroupDefinition"]]
    assert len((await everything(engine)).enrollments) == 1


async def test_a_repeated_mutation_has_the_same_denial(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    query = {"query": f"mutation ($group: ID!) {{ {ENROLL} {DELETE} }}", "variables": {"group": str(group)}}
    first, repeat = [
        await client.http.post("/graphql", json=query, headers={"Idempotency-Key": "key-1"}) for _ in range(2)
    ]
    assert first.json()["data"]["enrollPatient"]["enrollment"] == {"status": "ENROLLED"}
    assert (repeat.headers["Idempotency-Replayed"], repeat.content) == ("true", first.content)

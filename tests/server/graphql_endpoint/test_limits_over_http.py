"""Limits over HTTP: an error with the limit and the requested number, and nothing is executed."""

import json
from typing import Any

import pytest
from graphql import get_introspection_query
from starlette.applications import Starlette

from db.connections.engine import Database
from resolvers.context import Clinic
from schema.admission.limits import Limits
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.settings.request_limits import RequestLimits
from tests.support.api_client import ORGANIZATION, SECRET, ApiClients, bearer, http_client
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

RESPONSE = "application/graphql-response+json"


async def test_an_exceeded_limit_is_named_with_the_requested_number(app_client: ApiClients) -> None:
    client = await app_client()
    query = "{ " + " ".join(f"v{number}: viewer {{ id }}" for number in range(31)) + " }"
    for accept, status in ((RESPONSE, 400), ("application/json", 200)):
        response = await client.http.post("/graphql", json={"query": query}, headers={"Accept": accept})
        assert response.status_code == status
        assert "data" not in response.json()
        [error] = response.json()["errors"]
        assert error["message"] == "The operation has 31 root fields; the limit is 30."
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "root_fields",
            "requested": 31,
            "allowed": 30,
        }


async def test_every_response_has_its_cost_and_the_limit(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    await add_group(engine, "a", ORGANIZATION)
    client = await app_client()
    query = "query ($n: Int) { groupDefinitions(first: $n) { nodes { id name } } }"
    for size in (1, 20):
        body = await client.try_execute(query, {"n": size})
        assert body["extensions"] == {"cost": {"requested": 1 + 3 * size, "limit": 200_000}}
    broken = await client.try_execute("query ($n: Int) { groupDefinitions(first: $n) { nodes { id } } }", {"n": 201})
    assert broken["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert broken["extensions"]["cost"]["requested"] == 1 + 2 * 201


async def test_a_cost_over_the_limit_depends_on_the_variables(app_client: ApiClients) -> None:
    client = await app_client()
    query = """query ($n: Int) { groupDefinitions(first: 200) { nodes {
      occurrences(first: $n) { nodes { id sessionDate startTime endTime status } } } } }"""
    assert "errors" not in await client.try_execute(query, {"n": 20})
    body = await client.try_execute(query, {"n": 200})
    [error] = body["errors"]
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "cost",
        "requested": 1 + 200 * (2 + 200 * 6),
        "allowed": 200_000,
    }
    assert body["extensions"] == {"cost": {"requested": 240_401, "limit": 200_000}}


async def test_a_mutation_over_a_limit_changes_nothing(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "a", ORGANIZATION)
    client = await app_client()
    enroll = (
        f'enrollPatient(input: {{groupDefinitionId: "{group}", patientId: "patient-1"}}) {{ userErrors {{ code }} }}'
    )
    body = await client.try_execute("mutation { " + " ".join(f"e{number}: {enroll}" for number in range(31)) + " }")
    assert [error["extensions"]["code"] for error in body["errors"]] == ["LIMIT_EXCEEDED"]
    assert (await everything(engine)).enrollments == []


async def test_variables_with_too_many_values_are_refused(app_client: ApiClients) -> None:
    client = await app_client()
    query = "query ($filter: GroupDefinitionFilter) { groupDefinitions(filter: $filter) { totalCount } }"
    for value, limit in ((["IOP"] * 5000, "tokens"), ([[["IOP"]]] * 3, None), (_nested(30), "depth")):
        body = await client.try_execute(query, {"filter": {"groupType": value}})
        codes = [error["extensions"].get("limit") for error in body["errors"]]
        assert codes == [limit] or (limit is None and set(codes) == {None})


def _nested(levels: int) -> Any:
    value: Any = "IOP"
    for _ in range(levels):
        value = [value]
    return value


async def test_the_introspection_query_of_graphiql_is_within_the_limits(app_client: ApiClients) -> None:
    client = await app_client(permissions=[])
    body = await client.try_execute(
        get_introspection_query(
            specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
        )
    )
    assert "errors" not in body
    assert any(type_["name"] == "GroupDefinition" for type_ in body["data"]["__schema"]["types"])


@pytest.fixture
def strict_app(clinic: Clinic) -> Starlette:
    return create_app(
        clinic,
        Authenticator(SECRET),
        graphiql=False,
        limits=RequestLimits(body_bytes=200, document=Limits(depth=1, cost=5)),
    )


async def test_each_limit_is_a_setting(strict_app: Starlette) -> None:
    async with http_client(strict_app, bearer()) as http:

        async def result_of(query: str) -> tuple[int, Any]:
            response = await http.post("/graphql", json={"query": query})
            return response.status_code, json.loads(response.content).get("errors", [{}])[0].get("message")

        assert await result_of("{ __typename }") == (200, None)
        assert await result_of("{ viewer { id } }") == (
            200,
            "The query is nested 2 fields deep; the limit is 1.",
        )
        assert await result_of("{ a:__typename b:__typename c:__typename d:__typename e:__typename f:__typename }") == (
            200,
            "The query costs 6; the limit is 5. Request shorter lists or fewer fields.",
        )
        assert await result_of("{ __typename }" + " " * 200) == (
            413,
            "The body has 226 bytes; the limit is 200.",
        )

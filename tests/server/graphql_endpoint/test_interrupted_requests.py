"""An interrupted request with an Idempotency-Key: a repeat continues after the last step that was stored."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.queries.access_log import patients_read
from db.stores.idempotency import LEASE, RESPONSE_LIFETIME, TakenOver, claim_request, delete_expired
from db.tables import access_log, enrollments, idempotency_keys, idempotency_steps, outbox
from domain.records import Enrollment
from resolvers.caller import Caller, PermissionKey
from resolvers.commands.enrollments import enroll_patient
from resolvers.context import Clinic, Context
from server.graphql_endpoint.idempotency import fingerprint
from server.graphql_endpoint.request import GraphQLRequest
from server.runtime.clock import now
from server.runtime.housekeeping import housekeeping
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
"""SQLite has one writer at a time, so that neither conflicts nor locks of single groups occur."""

KEY = "key-1"
TWO = """
mutation Two($first: ID!, $second: ID!) {
  first: enrollPatient(input: {groupDefinitionId: $first, patientId: "patient-1"}) {
    enrollment { id patient { displayName } } userErrors { code }
  }
  second: enrollPatient(input: {groupDefinitionId: $second, patientId: "patient-1"}) {
    enrollment { id } userErrors { code }
  }
}
"""


@pytest.fixture
async def groups(engine: Database) -> dict[str, str]:
    await seed(engine, ORGANIZATION)
    return {name: str(await add_group(engine, name, ORGANIZATION, max_capacity=1)) for name in ("first", "second")}


@pytest.fixture
async def later_client(clinic: Clinic) -> AsyncIterator[ApiClient]:
    """A client of a server whose clock is past the lease of all earlier requests."""
    app = make_app(replace(clinic, clock=lambda: now() + LEASE))
    async with clients_of(app) as clients:
        yield await clients()


async def interrupted_attempt(clinic: Clinic, query: str, variables: dict[str, Any]) -> Context:
    """Return the context of a request that has claimed its key and then stopped."""
    context = Context(clinic, Caller("caller-1", ORGANIZATION, frozenset(PermissionKey)), "request-1")
    digest = fingerprint(GraphQLRequest(query, variables, None))
    claim = await context.transact(lambda work: claim_request(work, uuid7(), KEY, digest, PermissionKey))
    assert not hasattr(claim, "body")
    context.claim = claim
    return context


async def enroll_as(context: Context, root_field: str, group: str, patient: str = "patient-1") -> Enrollment:
    context.root_field = root_field
    return (await enroll_patient(context, group, patient)).enrollment


async def send(client: ApiClient, query: str, variables: dict[str, Any]) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return await client.http.post("/graphql", json=body, headers={"Idempotency-Key": KEY})


async def count(engine: Database, *tables: Any) -> list[int]:
    async with engine.connect() as connection:
        return [await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def test_steps_done_before_the_process_died_are_not_repeated(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    died = await interrupted_attempt(clinic, TWO, groups)
    enrollment = await enroll_as(died, "first", groups["first"])
    assert await count(engine, enrollments, outbox, idempotency_steps) == [1, 1, 1]
    response = await send(later_client, TWO, groups)
    data = response.json()["data"]
    assert data["first"]["enrollment"] == {"id": str(enrollment.id), "patient": {"displayName": "Patient 1"}}
    assert data["first"]["userErrors"] == data["second"]["userErrors"] == []
    assert await count(engine, enrollments, outbox, idempotency_steps) == [2, 2, 0]
    again = await send(later_client, TWO, groups)
    assert again.content == response.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await count(engine, enrollments, outbox) == [2, 2]


async def test_steps_are_identified_by_field_name_not_by_order(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    died = await interrupted_attempt(clinic, TWO, groups)
    # As if the first field of that attempt had been refused, which leaves no step.
    enrollment = await enroll_as(died, "second", groups["second"])
    data = (await send(later_client, TWO, groups)).json()["data"]
    assert data["second"]["enrollment"]["id"] == str(enrollment.id)
    assert data["first"]["enrollment"]["id"] != str(enrollment.id)
    assert await count(engine, enrollments) == [2]


async def test_a_repeat_executes_a_request_that_had_done_nothing(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    await interrupted_attempt(clinic, TWO, groups)
    data = (await send(later_client, TWO, groups)).json()["data"]
    assert [field["userErrors"] for field in data.values()] == [[], []]
    assert await count(engine, enrollments) == [2]


async def test_an_attempt_that_was_taken_over_changes_nothing_more(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    slow = await interrupted_attempt(clinic, TWO, groups)
    await enroll_as(slow, "first", groups["first"])
    response = await send(later_client, TWO, groups)
    with pytest.raises(TakenOver):
        await enroll_as(slow, "second", groups["second"], "patient-2")
    assert await count(engine, enrollments, outbox) == [2, 2]
    assert (await send(later_client, TWO, groups)).content == response.content


async def test_a_repeat_during_the_first_request_gets_409(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.graphql_endpoint.idempotency.WAIT_SECONDS", 0.3)
    await interrupted_attempt(clinic, TWO, groups)
    refused = await send(await app_client(), TWO, groups)
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_IN_USE"
    assert int(refused.headers["Retry-After"]) > 0
    assert await count(engine, enrollments) == [0]


@on_postgresql
async def test_a_temporary_error_is_not_stored_but_the_done_steps_are(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients
) -> None:
    client = await app_client()
    # The lock makes enrollments in the second group fail.
    async with engine.connect() as other:
        await other.execute(text("SELECT 1 FROM pm_group_definitions WHERE name = 'second' FOR UPDATE"))
        busy = await send(client, TWO, groups)
        assert [error["extensions"]["code"] for error in busy.json()["errors"]] == ["BUSY"]
        assert await count(engine, enrollments, idempotency_steps) == [1, 1]
    done = await send(client, TWO, groups)
    assert "errors" not in done.json()
    assert "Idempotency-Replayed" not in done.headers
    assert await count(engine, enrollments, outbox) == [2, 2]
    assert (await send(client, TWO, groups)).content == done.content


async def test_a_key_is_free_again_after_a_day_and_its_response_is_deleted(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients
) -> None:
    await send(await app_client(), TWO, groups)
    assert await delete_expired(engine, now()) == 0
    tomorrow = make_app(replace(clinic, clock=lambda: now() + RESPONSE_LIFETIME))
    async with clients_of(tomorrow) as clients:
        anew = await send(await clients(), TWO, groups)
    assert [field["userErrors"] for field in anew.json()["data"].values()] == [[{"code": "ALREADY_ENROLLED"}]] * 2
    assert await delete_expired(engine, now() + RESPONSE_LIFETIME - timedelta(minutes=1)) == 0
    assert await delete_expired(engine, now() + 2 * RESPONSE_LIFETIME) == 1
    assert await count(engine, idempotency_keys) == [0]


async def test_a_running_server_deletes_expired_responses(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients
) -> None:
    await send(await app_client(), TWO, groups)
    assert await count(engine, idempotency_keys) == [1]
    tomorrow = replace(clinic, clock=lambda: now() + RESPONSE_LIFETIME)
    async with housekeeping(tomorrow), asyncio.timeout(20):
        while await count(engine, idempotency_keys) != [0]:
            pass
    assert await count(engine, enrollments) == [2]


ONE = """
mutation One($first: ID!) {
  first: enrollPatient(input: {groupDefinitionId: $first, patientId: "patient-1"}) { enrollment { id status } }
}
"""


async def requests_that_read(engine: Database, patient: str) -> list[str]:
    """Return the ids of the requests that read the patient's records, from the access log."""
    async with engine.connect() as connection:
        return [entry.correlation_id async for entry in patients_read(connection, ORGANIZATION, patient)]


@pytest.mark.parametrize("query", [ONE, TWO])
async def test_a_replayed_response_is_recorded_as_a_read_of_its_patients(
    engine: Database, groups: dict[str, str], app_client: ApiClients, query: str
) -> None:
    client = await app_client()
    first = await send(client, query, groups)
    again = await send(client, query, groups)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await requests_that_read(engine, "patient-1") == [
        response.headers["X-Request-ID"] for response in (first, again)
    ]


@pytest.mark.parametrize("query", [ONE, TWO])
async def test_a_response_with_steps_of_a_dead_attempt_is_recorded_as_a_read(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient, query: str
) -> None:
    died = await interrupted_attempt(clinic, query, groups)
    await enroll_as(died, "first", groups["first"], "patient-2")
    assert await requests_that_read(engine, "patient-2") == ["request-1"]
    first = await send(later_client, query, groups)
    again = await send(later_client, query, groups)
    request_ids = [response.headers["X-Request-ID"] for response in (first, again)]
    assert await requests_that_read(engine, "patient-2") == ["request-1", *request_ids]
    assert await requests_that_read(engine, "patient-1") == (request_ids if query is TWO else [])
    assert await count(engine, access_log) == [3]

"""A request with an Idempotency-Key that did not come to its end: a repeat goes on behind what is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
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
from resolvers.answering import Answering
from resolvers.caller import Caller, PermissionKey
from resolvers.commands.enrollments import enroll_patient
from resolvers.context import Clinic, Context
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.graphql_endpoint.idempotency import fingerprint
from server.graphql_endpoint.request import GraphQLRequest
from server.runtime.clock import now
from server.runtime.housekeeping import housekeeping
from tests.support.api_client import ORGANIZATION, SECRET, ApiClient, ApiClients
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
"""SQLite has one writer at a time, whatever it writes: no conflicts, and no group apart from another."""

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
    """A client of a server whose clock is past the lease of whatever began before."""
    app = create_app(replace(clinic, clock=lambda: now() + LEASE), Authenticator(SECRET), graphiql=False)
    async with AsyncExitStack() as open_clients:
        yield await ApiClients(app, open_clients)()


async def interrupted_attempt(clinic: Clinic, query: str, variables: dict[str, Any]) -> Context:
    """The context of a request that has its claim, and does nothing more unless the test has it do so."""
    context = Context(clinic, Caller("caller-1", ORGANIZATION, frozenset(PermissionKey)), "request-1")
    digest = fingerprint(GraphQLRequest(query, variables, None))
    claim = await context.transact(lambda work: claim_request(work, uuid7(), KEY, digest, PermissionKey))
    assert not hasattr(claim, "body")
    context.claim = claim
    return context


async def enroll_as(context: Context, root_field: str, group: str, patient: str = "patient-1") -> Enrollment:
    context.answering = Answering(root_field)
    return await enroll_patient(context, group, patient)


async def send(client: ApiClient, query: str, variables: dict[str, Any]) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return await client.http.post("/graphql", json=body, headers={"Idempotency-Key": KEY})


async def count(engine: Database, *tables: Any) -> list[int]:
    async with engine.connect() as connection:
        return [await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def test_what_was_done_before_the_process_died_is_not_done_again(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    died = await interrupted_attempt(clinic, TWO, groups)
    held = await enroll_as(died, "first", groups["first"])
    assert await count(engine, enrollments, outbox, idempotency_steps) == [1, 1, 1]
    answer = await send(later_client, TWO, groups)
    data = answer.json()["data"]
    assert data["first"]["enrollment"] == {"id": str(held.id), "patient": {"displayName": "Patient 1"}}
    assert data["first"]["userErrors"] == data["second"]["userErrors"] == []
    assert await count(engine, enrollments, outbox, idempotency_steps) == [2, 2, 0]
    again = await send(later_client, TWO, groups)
    assert again.content == answer.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await count(engine, enrollments, outbox) == [2, 2]


async def test_steps_are_known_by_name_not_by_number(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    died = await interrupted_attempt(clinic, TWO, groups)
    # The first field was refused in that attempt, say, and left no step.
    held = await enroll_as(died, "second", groups["second"])
    data = (await send(later_client, TWO, groups)).json()["data"]
    assert data["second"]["enrollment"]["id"] == str(held.id)
    assert data["first"]["enrollment"]["id"] != str(held.id)
    assert await count(engine, enrollments) == [2]


async def test_a_request_that_had_done_nothing_is_done_by_its_repeat(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    await interrupted_attempt(clinic, TWO, groups)
    data = (await send(later_client, TWO, groups)).json()["data"]
    assert [field["userErrors"] for field in data.values()] == [[], []]
    assert await count(engine, enrollments) == [2]


async def test_an_attempt_that_was_taken_over_changes_nothing_any_more(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient
) -> None:
    slow = await interrupted_attempt(clinic, TWO, groups)
    await enroll_as(slow, "first", groups["first"])
    answer = await send(later_client, TWO, groups)
    with pytest.raises(TakenOver):
        await enroll_as(slow, "second", groups["second"], "patient-2")
    assert await count(engine, enrollments, outbox) == [2, 2]
    assert (await send(later_client, TWO, groups)).content == answer.content


async def test_a_repeat_that_comes_while_the_first_is_at_work_is_told_so(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.graphql_endpoint.idempotency.WAIT_SECONDS", 0.3)
    await interrupted_attempt(clinic, TWO, groups)
    told = await send(await app_client(), TWO, groups)
    assert told.status_code == 409
    assert told.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_IN_USE"
    assert int(told.headers["Retry-After"]) > 0
    assert await count(engine, enrollments) == [0]


@on_postgresql
async def test_a_passing_error_is_not_kept_and_what_was_done_is(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients
) -> None:
    client = await app_client()
    # While it is locked, nobody is enrolled in the second group.
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


async def test_a_key_is_free_again_after_a_day_and_its_answer_is_deleted(
    clinic: Clinic, engine: Database, groups: dict[str, str], app_client: ApiClients
) -> None:
    await send(await app_client(), TWO, groups)
    assert await delete_expired(engine, now()) == 0
    tomorrow = create_app(
        replace(clinic, clock=lambda: now() + RESPONSE_LIFETIME), Authenticator(SECRET), graphiql=False
    )
    async with AsyncExitStack() as open_clients:
        anew = await send(await ApiClients(tomorrow, open_clients)(), TWO, groups)
    assert [field["userErrors"] for field in anew.json()["data"].values()] == [[{"code": "ALREADY_ENROLLED"}]] * 2
    assert await delete_expired(engine, now() + RESPONSE_LIFETIME - timedelta(minutes=1)) == 0
    assert await delete_expired(engine, now() + 2 * RESPONSE_LIFETIME) == 1
    assert await count(engine, idempotency_keys) == [0]


async def test_a_server_deletes_what_has_expired_as_it_goes(
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


async def readers(engine: Database, patient: str) -> list[str]:
    """The requests that have read the patient's records, as the log has them."""
    async with engine.connect() as connection:
        return [entry.correlation_id async for entry in patients_read(connection, ORGANIZATION, patient)]


@pytest.mark.parametrize("query", [ONE, TWO])
async def test_a_repeated_answer_is_recorded_as_reading_the_patients_in_it(
    engine: Database, groups: dict[str, str], app_client: ApiClients, query: str
) -> None:
    client = await app_client()
    first = await send(client, query, groups)
    again = await send(client, query, groups)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await readers(engine, "patient-1") == [answer.headers["X-Request-ID"] for answer in (first, again)]


@pytest.mark.parametrize("query", [ONE, TWO])
async def test_an_answer_told_of_what_a_dead_attempt_has_done_is_recorded(
    clinic: Clinic, engine: Database, groups: dict[str, str], later_client: ApiClient, query: str
) -> None:
    died = await interrupted_attempt(clinic, query, groups)
    await enroll_as(died, "first", groups["first"], "patient-2")
    assert await count(engine, access_log) == [0]  # it has answered nobody
    answer = await send(later_client, query, groups)
    again = await send(later_client, query, groups)
    told = [each.headers["X-Request-ID"] for each in (answer, again)]
    assert await readers(engine, "patient-2") == told
    assert await readers(engine, "patient-1") == (told if query is TWO else [])
    assert await count(engine, access_log) == [2]

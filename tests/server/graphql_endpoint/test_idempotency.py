"""Idempotency-Key: a repeated mutation changes nothing and gets the first response again."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from db.connections.engine import Database, create_engine
from db.tables import audit_log, enrollments, idempotency_keys, outbox
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

ENROLL = """
mutation Enroll($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) {
    enrollment { id status waitlistPosition patient { displayName } }
    userErrors { code }
  }
}
"""
"""Its response has a patient name, and a state that changes when other patients enroll."""


@pytest.fixture
async def group(engine: Database) -> str:
    await seed(engine, ORGANIZATION)
    return str(await add_group(engine, "Anger management", ORGANIZATION, max_capacity=5))


async def send(
    client: ApiClient, key: str | None, query: str, variables: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    if key is not None:
        headers["Idempotency-Key"] = key
    return await client.http.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)


async def enroll(client: ApiClient, key: str | None, group: str, patient: str = "patient-1") -> httpx.Response:
    return await send(client, key, ENROLL, {"group": group, "patient": patient})


async def count(engine: Database, *tables: Any) -> list[int]:
    async with engine.connect() as connection:
        return [await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def test_a_repeat_gets_the_same_response_and_changes_nothing(
    app_client: ApiClients, engine: Database, group: str
) -> None:
    client = await app_client()
    first = await enroll(client, '"key-1"', group)
    assert first.json()["data"]["enrollPatient"]["enrollment"]["patient"] == {"displayName": "Patient 1"}
    assert "Idempotency-Replayed" not in first.headers
    stored = await count(engine, enrollments, outbox, audit_log)
    for form in ('"key-1"', "key-1"):
        again = await enroll(client, form, group)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Cache-Control"] == "no-store"
    assert await count(engine, enrollments, outbox, audit_log) == stored == [1, 1, 1]
    other = await enroll(client, '"key-2"', group)
    assert other.json()["data"]["enrollPatient"]["userErrors"] == [{"code": "ALREADY_ENROLLED"}]


async def test_a_replay_returns_the_first_response_after_the_state_changed(app_client: ApiClients, group: str) -> None:
    client = await app_client()
    refused = await enroll(client, "k", group, "inactive")
    assert refused.json()["data"]["enrollPatient"]["userErrors"] == [{"code": "NOT_ACTIVE"}]
    first = await enroll(client, "l", group, "patient-1")
    enrollment = first.json()["data"]["enrollPatient"]["enrollment"]["id"]
    await client.execute(
        f'mutation {{ disenrollPatient(input: {{enrollmentId: "{enrollment}"}}) {{ userErrors {{ code }} }} }}'
    )
    assert (await enroll(client, "k", group, "inactive")).content == refused.content
    assert (await enroll(client, "l", group, "patient-1")).content == first.content


async def test_a_replay_has_the_media_type_of_the_first_response(app_client: ApiClients, group: str) -> None:
    client = await app_client()
    variables = {"group": group, "patient": "patient-1"}
    media_type = "application/graphql-response+json"
    first = await send(client, "k", ENROLL, variables, Accept=media_type)
    again = await send(client, "k", ENROLL, variables, Accept="application/json")
    assert again.headers["Content-Type"] == first.headers["Content-Type"] == f"{media_type}; charset=utf-8"


async def test_the_same_key_with_another_body_is_refused(app_client: ApiClients, engine: Database, group: str) -> None:
    client = await app_client()
    await enroll(client, "k", group, "patient-1")
    refused = await enroll(client, "k", group, "patient-2")
    assert (refused.status_code, code(refused)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await count(engine, enrollments) == [1]


async def test_white_space_and_key_order_do_not_make_a_different_body(app_client: ApiClients, group: str) -> None:
    client = await app_client()
    first = await send(client, "k", ENROLL, {"group": group, "patient": "patient-1"})
    again = await send(client, "k", ENROLL, {"patient": "patient-1", "group": group})
    assert again.content == first.content


async def test_callers_do_not_share_keys(app_client: ApiClients, engine: Database, group: str) -> None:
    await seed(engine, "org-2")
    theirs = str(await add_group(engine, "Theirs", "org-2"))
    await enroll(await app_client(), "k", group, "patient-1")
    colleague = await enroll(await app_client(subject="caller-2"), "k", group, "patient-2")
    stranger = await enroll(await app_client(organization="org-2"), "k", theirs, "patient-1")
    for response in (colleague, stranger):
        assert response.json()["data"]["enrollPatient"]["enrollment"]["status"] == "ENROLLED"
    assert await count(engine, enrollments) == [3]


async def test_a_caller_who_lost_a_permission_gets_no_stored_response(app_client: ApiClients, group: str) -> None:
    await enroll(await app_client(), "k", group)
    fewer = await app_client(permissions=[PermissionKey.GROUP_ENROLLMENTS_CREATE])
    refused = await enroll(fewer, "k", group)
    assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
    assert "Patient 1" not in refused.text


@pytest.mark.parametrize(
    "key",
    [
        "",
        '""',
        '"',
        '"open',
        "two words",
        '"a", "b"',
        "a,b",
        '"a";q=1, "b"',
        "käse".encode().decode("latin-1"),
        "x" * 256,
    ],
)
async def test_a_malformed_key_is_a_bad_request(app_client: ApiClients, engine: Database, group: str, key: str) -> None:
    client = await app_client()
    body = {"query": ENROLL, "variables": {"group": group, "patient": "patient-1"}}
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    refused = await client.http.post("/graphql", json=body, headers=headers)
    assert (refused.status_code, code(refused)) == (400, "BAD_REQUEST")
    assert await count(engine, enrollments) == [0]


@pytest.mark.parametrize(
    "key", ['"with \\"quotes\\" and \\\\"', "8e03978e-40d5-43e8-bc93-6894a57f9324", "x" * 255, '"a";q=1']
)
async def test_any_string_of_structured_fields_is_a_key(
    app_client: ApiClients, engine: Database, group: str, key: str
) -> None:
    client = await app_client()
    first = await enroll(client, key, group)
    assert (await enroll(client, key, group)).content == first.content
    assert await count(engine, enrollments) == [1]


async def test_queries_ignore_the_header(app_client: ApiClients, engine: Database, group: str) -> None:
    client = await app_client()
    query = "{ viewer { id } } # not a mutation"
    for key in ("k", '"', ""):
        assert (await send(client, key, query)).json()["data"] == {"viewer": {"id": "caller-1"}}
    by_get = await client.http.get("/graphql", params={"query": query}, headers={"Idempotency-Key": "k"})
    assert by_get.status_code == 200
    assert await count(engine, idempotency_keys) == [0]


async def test_concurrent_repeats_are_executed_once(app_client: ApiClients, engine: Database, group: str) -> None:
    client = await app_client()
    responses = await asyncio.gather(*(enroll(client, "k", group) for _ in range(8)))
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotency-Replayed" in response.headers for response in responses) == 7
    assert await count(engine, enrollments, outbox) == [1, 1]


async def test_concurrent_repeats_in_several_processes_are_executed_once(
    app_client: ApiClients, engine: Database, database_url: str, group: str
) -> None:
    others = [create_engine(database_url) for _ in range(3)]
    # Like separate server processes, these apps share only the database.
    apps = [make_app(make_clinic(other)) for other in others]
    async with contextlib.AsyncExitStack() as open_clients:
        clients = [await ApiClients(app, open_clients)() for app in apps]
        responses = await asyncio.gather(*(enroll(client, "k", group) for client in clients for _ in range(3)))
    for other in others:
        await other.dispose()
    assert len({response.content for response in responses}) == 1
    assert await count(engine, enrollments, outbox) == [1, 1]

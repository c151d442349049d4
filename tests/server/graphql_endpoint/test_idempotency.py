"""Idempotency-Key: a request with mutations that is sent again does nothing again, and is answered the same."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.tables import audit_log, enrollments, idempotency_keys, outbox
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.runtime.clock import now
from tests.support.api_client import ORGANIZATION, SECRET, ApiClient, ApiClients
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
"""Its answer tells a name, and a state that changes as others enroll."""


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


async def test_a_repeat_is_answered_the_same_and_changes_nothing(
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


async def test_the_first_answer_stands_though_the_state_has_moved_on(app_client: ApiClients, group: str) -> None:
    client = await app_client()
    refused = await enroll(client, "k", group, "inactive")
    assert refused.json()["data"]["enrollPatient"]["userErrors"] == [{"code": "NOT_ACTIVE"}]
    first = await enroll(client, "l", group, "patient-1")
    held = first.json()["data"]["enrollPatient"]["enrollment"]["id"]
    await client.ask(f'mutation {{ disenrollPatient(input: {{enrollmentId: "{held}"}}) {{ userErrors {{ code }} }} }}')
    assert (await enroll(client, "k", group, "inactive")).content == refused.content
    assert (await enroll(client, "l", group, "patient-1")).content == first.content


async def test_the_media_type_is_part_of_the_answer(app_client: ApiClients, group: str) -> None:
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


async def test_the_spelling_of_a_body_does_not_make_it_another(app_client: ApiClients, group: str) -> None:
    client = await app_client()
    first = await send(client, "k", ENROLL, {"group": group, "patient": "patient-1"})
    again = await send(client, "k", ENROLL, {"patient": "patient-1", "group": group})
    assert again.content == first.content


async def test_a_key_is_the_callers_own(app_client: ApiClients, engine: Database, group: str) -> None:
    await seed(engine, "org-2")
    theirs = str(await add_group(engine, "Theirs", "org-2"))
    await enroll(await app_client(), "k", group, "patient-1")
    colleague = await enroll(await app_client(subject="caller-2"), "k", group, "patient-2")
    stranger = await enroll(await app_client(organization="org-2"), "k", theirs, "patient-1")
    for answer in (colleague, stranger):
        assert answer.json()["data"]["enrollPatient"]["enrollment"]["status"] == "ENROLLED"
    assert await count(engine, enrollments) == [3]


async def test_who_has_lost_a_permission_is_not_shown_what_it_had_shown(app_client: ApiClients, group: str) -> None:
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


async def test_queries_ignore_the_header_whatever_it_holds(
    app_client: ApiClients, engine: Database, group: str
) -> None:
    client = await app_client()
    query = "{ viewer { id } } # not a mutation"
    for key in ("k", '"', ""):
        assert (await send(client, key, query)).json()["data"] == {"viewer": {"id": "caller-1"}}
    by_get = await client.http.get("/graphql", params={"query": query}, headers={"Idempotency-Key": "k"})
    assert by_get.status_code == 200
    assert await count(engine, idempotency_keys) == [0]


async def test_two_at_once_are_one(app_client: ApiClients, engine: Database, group: str) -> None:
    client = await app_client()
    answers = await asyncio.gather(*(enroll(client, "k", group) for _ in range(8)))
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    assert await count(engine, enrollments, outbox) == [1, 1]


async def test_two_at_once_are_one_in_several_processes_too(
    app_client: ApiClients, engine: Database, database_url: str, group: str
) -> None:
    others = [create_engine(database_url) for _ in range(3)]
    # Apps that share nothing but the database, as separate server processes do.
    apps = [
        create_app(Clinic(other, now, uuid7, "America/Phoenix", 6), Authenticator(SECRET), graphiql=False)
        for other in others
    ]
    async with contextlib.AsyncExitStack() as stack:
        clients = [await ApiClients(app, stack)() for app in apps]
        answers = await asyncio.gather(*(enroll(client, "k", group) for client in clients for _ in range(3)))
    for other in others:
        await other.dispose()
    assert len({answer.content for answer in answers}) == 1
    assert await count(engine, enrollments, outbox) == [1, 1]

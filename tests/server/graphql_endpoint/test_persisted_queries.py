"""Automatic persisted queries over HTTP. tests/clients shows that Apollo Client and urql use them."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.settings.request_limits import RequestLimits
from tests.support.api_client import SECRET, URL, ApiClient, ApiClients, bearer

pytestmark = pytest.mark.anyio

QUERY = "{ viewer { id } }"
GRAPHQL = {"Accept": "application/graphql-response+json"}
JSON = {"Accept": "application/json"}


def extensions(text: str = QUERY, **changes: Any) -> dict[str, Any]:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256} | changes}


@pytest.fixture
async def client(app_client: ApiClients) -> ApiClient:
    return await app_client()


async def post(client: ApiClient, headers: dict[str, str] = GRAPHQL, **body: Any) -> httpx.Response:
    return await client.http.post("/graphql", json=body, headers=headers)


async def get(client: ApiClient, **parameters: Any) -> httpx.Response:
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in parameters.items()
    }
    return await client.http.get("/graphql", params=texts, headers=GRAPHQL)


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["message"], error["extensions"]["code"]


@pytest.mark.parametrize("headers", [GRAPHQL, JSON], ids=["graphql", "json"])
async def test_a_hash_stands_for_a_document_sent_before(client: ApiClient, headers: dict[str, str]) -> None:
    unknown = await post(client, headers, extensions=extensions())
    status = 400 if headers is GRAPHQL else 200
    assert error_of(unknown) == (status, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    first = await post(client, headers, query=QUERY, extensions=extensions())
    again = await post(client, headers, extensions=extensions())
    assert first.json()["data"] == {"viewer": {"id": "caller-1"}}
    assert again.json() == first.json()
    assert (await get(client, extensions=extensions())).json() == first.json()


async def test_a_hash_is_learned_from_a_get_request_too(client: ApiClient) -> None:
    assert (await get(client, query=QUERY, extensions=extensions())).json()["data"]
    assert (await post(client, extensions=extensions())).json()["data"]


async def test_a_document_without_its_hash_is_not_registered(client: ApiClient) -> None:
    assert (await post(client, query=QUERY)).json()["data"]
    assert error_of(await post(client, extensions=extensions()))[2] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_document_with_another_hash_is_refused(client: ApiClient) -> None:
    for _ in range(2):
        response = await post(client, query=QUERY, extensions=extensions("{ viewer { organizationId } }"))
        assert error_of(response) == (400, "provided sha does not match query", "BAD_REQUEST")
    assert error_of(await post(client, extensions=extensions()))[2] == "PERSISTED_QUERY_NOT_FOUND"


async def test_an_invalid_document_is_not_registered(client: ApiClient) -> None:
    text = "{ nothing }"
    assert error_of(await post(client, query=text, extensions=extensions(text)))[2] == "GRAPHQL_VALIDATION_FAILED"
    assert error_of(await post(client, extensions=extensions(text)))[2] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "persisted",
    [
        "hash",
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "A" * 64},
        {"version": 1, "sha256Hash": 5},
    ],
)
async def test_a_malformed_extension_is_refused(client: ApiClient, persisted: Any) -> None:
    status, message, code = error_of(await post(client, extensions={"persistedQuery": persisted}))
    assert (status, code) == (400, "BAD_REQUEST")
    assert "extensions.persistedQuery" in message


async def test_a_request_without_document_and_hash_is_refused(client: ApiClient) -> None:
    for body in ({}, {"extensions": {"persistedQuery": None}}, {"query": "", "extensions": extensions()}):
        assert error_of(await post(client, **body))[2] == "BAD_REQUEST"


async def test_a_get_request_runs_no_persisted_mutation(client: ApiClient) -> None:
    text = 'mutation { removeEnrollment(input: {enrollmentId: "x"}) { userErrors { code } } }'
    assert (await post(client, query=text, extensions=extensions(text))).json()["data"]
    assert error_of(await get(client, extensions=extensions(text)))[0] == 405


async def test_an_idempotency_key_covers_the_text_and_the_hash(client: ApiClient) -> None:
    text = 'mutation { removeEnrollment(input: {enrollmentId: "x"}) { userErrors { code } } }'
    headers = {**GRAPHQL, "Idempotency-Key": "once"}
    await post(client, headers, query=text, extensions=extensions(text))
    assert (await post(client, headers, extensions=extensions(text))).headers["Idempotency-Replayed"] == "true"


async def test_another_organization_may_use_a_known_hash(client: ApiClient, app_client: ApiClients) -> None:
    await post(client, query=QUERY, extensions=extensions())
    other = await app_client(organization="org-2", subject="caller-2")
    assert (await post(other, extensions=extensions())).json()["data"] == {"viewer": {"id": "caller-2"}}


@pytest.fixture
async def client_without(clinic: Clinic) -> AsyncIterator[ApiClient]:
    app = create_app(clinic, Authenticator(SECRET), graphiql=False, limits=RequestLimits(persisted_queries=False))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers={"Authorization": bearer()}) as http:
        yield ApiClient(http)


async def test_a_server_without_persisted_queries_says_so(client_without: ApiClient) -> None:
    refusal = (400, "PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
    assert error_of(await post(client_without, extensions=extensions())) == refusal
    assert error_of(await post(client_without, query=QUERY, extensions=extensions())) == refusal
    assert (await post(client_without, query=QUERY)).json()["data"]

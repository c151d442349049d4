"""Pages of other origins, forms, and what every answer says to browsers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.scalars import JSON

from db.connections.engine import Database
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.graphql_endpoint.endpoint import GraphQLEndpoint
from server.middleware.cors import cors_middleware
from server.middleware.request_log import RequestLog
from tests.support.api_client import ORGANIZATION, SECRET, URL, ApiClients, bearer
from tests.support.clinic import everything, seed

pytestmark = pytest.mark.anyio

OURS = "https://admin.example.org"
MUTATION = """mutation { createGroupDefinition(input: {name: "a", groupType: THERAPY, facilitatorId: "staff-1",
  maxCapacity: 1, durationMinutes: 60}) { groupDefinition { id } } }"""
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-request-id, idempotency-key",
}


@pytest.fixture
async def open_app(clinic: Clinic) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(clinic, Authenticator(SECRET), graphiql=False, allowed_origins=[OURS])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as http:
        yield http


@pytest.fixture
async def closed_app(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as http:
        yield http


async def test_no_page_of_another_origin_may_call_unless_the_settings_name_it(
    open_app: httpx.AsyncClient, closed_app: httpx.AsyncClient
) -> None:
    for http, origin in ((closed_app, OURS), (open_app, "https://evil.example"), (open_app, "null")):
        preflight = await http.options("/graphql", headers={"Origin": origin, **PREFLIGHT})
        assert preflight.status_code >= 400
        answer = await http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Origin": origin, "Authorization": bearer()}
        )
        for response in (preflight, answer):
            assert "access-control-allow-origin" not in response.headers
            assert "access-control-allow-credentials" not in response.headers


async def test_a_page_of_a_named_origin_may_call_and_read_the_headers(open_app: httpx.AsyncClient) -> None:
    preflight = await open_app.options("/graphql", headers={"Origin": OURS, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == OURS
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    for headers, status in (({"Authorization": bearer()}, 200), ({}, 401)):
        answer = await open_app.post("/graphql", json={"query": "{ __typename }"}, headers={"Origin": OURS, **headers})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == OURS
        assert "Origin" in answer.headers["vary"]
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"X-Request-ID", "Server-Timing", "Retry-After"} <= set(exposed)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/plain; charset=json"],
)
async def test_a_form_changes_nothing_even_with_a_token(
    engine: Database, app_client: ApiClients, content_type: str
) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    json_in_a_form = '{"query": "' + MUTATION.replace('"', '\\"').replace("\n", " ") + '", "a": "="}'
    form = httpx.QueryParams({"query": MUTATION})
    multipart = f'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{MUTATION}\r\n--x--\r\n'
    for body in (json_in_a_form, str(form), multipart):
        response = await client.http.post("/graphql", content=body, headers={"Content-Type": content_type})
        assert response.status_code == 415
    assert (await everything(engine)).groups == []
    assert (
        await client.http.post("/graphql", content=json_in_a_form, headers={"Content-Type": "application/json"})
    ).json()["data"]


async def test_a_mutation_needs_the_authorization_header_and_no_address_or_cookie_replaces_it(
    engine: Database, closed_app: httpx.AsyncClient
) -> None:
    await seed(engine, ORGANIZATION)
    token = bearer().removeprefix("Bearer ")
    for address, headers in (
        ("/graphql", {"Cookie": f"token={token}; access_token={token}"}),
        (f"/graphql?access_token={token}", {}),
        (f"/graphql?query={httpx.QueryParams({'q': MUTATION})['q'][:10]}&token={token}", {"X-Authorization": token}),
    ):
        response = await closed_app.post(address, json={"query": MUTATION}, headers=headers)
        assert response.status_code == 401
        assert "set-cookie" not in response.headers
    assert (await everything(engine)).groups == []


async def _fails(request: Request) -> Response:
    raise RuntimeError("a fault that nothing catches")


async def test_every_answer_has_the_security_headers(closed_app: httpx.AsyncClient) -> None:
    wrapped = Starlette(routes=[Route("/fails", _fails)], middleware=[Middleware(RequestLog)])
    async with AsyncExitStack() as opened:
        failing = await opened.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url=URL)
        )
        answers = [
            (
                200,
                await closed_app.post(
                    "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": bearer()}
                ),
            ),
            (
                400,
                await closed_app.post(
                    "/graphql", content="{", headers={"Authorization": bearer(), "Content-Type": "application/json"}
                ),
            ),
            (401, await closed_app.post("/graphql")),
            (404, await closed_app.get("/nowhere")),
            (405, await closed_app.put("/graphql", headers={"Authorization": bearer()})),
            (500, await failing.get("/fails")),
        ]
    for status, answer in answers:
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-request-id"]


@strawberry.type
class Broken:
    @strawberry.field
    def value(self) -> JSON:
        return JSON({1, 2})  # a set is no JSON, which shows when all is done


async def test_a_fault_of_ours_can_be_read_by_a_page_of_a_named_origin(clinic: Clinic) -> None:
    endpoint = GraphQLEndpoint(strawberry.Schema(Broken), clinic, Authenticator(SECRET))
    around = [Middleware(RequestLog), *cors_middleware([OURS])]
    broken = Starlette(routes=[Route("/graphql", endpoint)], middleware=around)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(broken), base_url=URL) as http:
        headers = {"Origin": OURS, "Authorization": bearer(), "Accept": "application/graphql-response+json"}
        answer = await http.post("/graphql", json={"query": "{ value }"}, headers=headers)
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert answer.headers["x-request-id"] in error["message"]


async def test_transport_security_is_asked_for_over_tls_only(app: Starlette) -> None:
    for address, told in (("https://clinic.test", True), ("http://clinic.test", False)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=address) as http:
            assert ("strict-transport-security" in (await http.get("/nowhere")).headers) is told

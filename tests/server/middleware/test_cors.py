"""Pages of other origins, forms, and the security headers of every response."""

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
from server.auth.authenticator import Authenticator
from server.graphql_endpoint.endpoint import GraphQLEndpoint
from server.middleware.cors import cors_middleware
from server.middleware.request_log import RequestLog
from tests.support.api_client import ORGANIZATION, SECRET, ApiClients, bearer, http_client, make_app
from tests.support.clinic import everything, seed

pytestmark = pytest.mark.anyio

ALLOWED_ORIGIN = "https://admin.example.org"
MUTATION = """mutation { createGroupDefinition(input: {name: "a", groupType: THERAPY, facilitatorId: "staff-1",
  maxCapacity: 1, durationMinutes: 60}) { groupDefinition { id } } }"""
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-request-id, idempotency-key",
}


@pytest.fixture
async def open_app(clinic: Clinic) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(clinic, allowed_origins=[ALLOWED_ORIGIN])
    async with http_client(app) as http:
        yield http


@pytest.fixture
async def closed_app(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(app) as http:
        yield http


async def test_pages_of_other_origins_need_a_setting(
    open_app: httpx.AsyncClient, closed_app: httpx.AsyncClient
) -> None:
    for http, origin in ((closed_app, ALLOWED_ORIGIN), (open_app, "https://evil.example"), (open_app, "null")):
        preflight = await http.options("/graphql", headers={"Origin": origin, **PREFLIGHT})
        assert preflight.status_code >= 400
        post = await http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Origin": origin, "Authorization": bearer()}
        )
        for response in (preflight, post):
            assert "access-control-allow-origin" not in response.headers
            assert "access-control-allow-credentials" not in response.headers


async def test_a_page_of_an_allowed_origin_can_send_requests_and_read_headers(open_app: httpx.AsyncClient) -> None:
    preflight = await open_app.options("/graphql", headers={"Origin": ALLOWED_ORIGIN, **PREFLIGHT})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ALLOWED_ORIGIN
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    for headers, status in (({"Authorization": bearer()}, 200), ({}, 401)):
        response = await open_app.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Origin": ALLOWED_ORIGIN, **headers}
        )
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ALLOWED_ORIGIN
        assert "Origin" in response.headers["vary"]
        exposed = response.headers["access-control-expose-headers"].split(", ")
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


async def test_a_token_in_the_url_or_in_a_cookie_authorizes_nothing(
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


async def test_every_response_has_the_security_headers(closed_app: httpx.AsyncClient) -> None:
    wrapped = Starlette(routes=[Route("/fails", _fails)], middleware=[Middleware(RequestLog)])
    async with AsyncExitStack() as opened:
        failing = await opened.enter_async_context(http_client(wrapped))
        responses = [
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
    for status, response in responses:
        assert response.status_code == status
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-frame-options"] == "DENY"
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert response.headers["x-request-id"]


@strawberry.type
class Broken:
    @strawberry.field
    def value(self) -> JSON:
        return JSON({1, 2})  # a set is not valid JSON, which causes an error at the end of the execution


async def test_a_page_of_an_allowed_origin_can_read_a_masked_error(clinic: Clinic) -> None:
    endpoint = GraphQLEndpoint(strawberry.Schema(Broken), clinic, Authenticator(SECRET))
    around = [Middleware(RequestLog), *cors_middleware([ALLOWED_ORIGIN])]
    broken = Starlette(routes=[Route("/graphql", endpoint)], middleware=around)
    async with http_client(broken) as http:
        headers = {"Origin": ALLOWED_ORIGIN, "Authorization": bearer(), "Accept": "application/graphql-response+json"}
        response = await http.post("/graphql", json={"query": "{ value }"}, headers=headers)
    assert response.status_code == 500
    assert response.headers["access-control-allow-origin"] == ALLOWED_ORIGIN
    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert response.headers["x-request-id"] in error["message"]


async def test_strict_transport_security_is_sent_only_over_tls(app: Starlette) -> None:
    for address, expected in (("https://clinic.test", True), ("http://clinic.test", False)):
        async with http_client(app, url=address) as http:
            assert ("strict-transport-security" in (await http.get("/nowhere")).headers) is expected

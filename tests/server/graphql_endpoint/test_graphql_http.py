"""GraphQL over HTTP: status codes, media types, and errors with codes that reveal no internals and no patient data."""

import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
import strawberry
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from db.sql.statement import Statement
from resolvers.caller import PermissionKey
from resolvers.context import Clinic, Context
from resolvers.errors import BadInput
from server.auth.authenticator import Authenticator
from server.graphql_endpoint.endpoint import GraphQLEndpoint
from server.middleware.request_log import RequestLog
from server.runtime.logs import JsonLines, silence_document_logging
from tests.support.api_client import SECRET, ApiClient, ApiClients, clients_of, http_client, make_app

pytestmark = pytest.mark.anyio

MARKER = "Marguerite-Zyx"
RESPONSE = "application/graphql-response+json"


@strawberry.interface
class Record:
    id: str


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you", times: int = 1) -> str:
        return f"hello {name}" * times

    @strawberry.field
    async def one(self, info: strawberry.Info[Context]) -> int:
        async with info.context.snapshot as snapshot:
            ((one,),) = await snapshot.fetch(Statement(text("SELECT 1")), {})
            return int(one)

    @strawberry.field
    async def broken_statement(self, info: strawberry.Info[Context], value: str) -> int:
        async with info.context.snapshot as snapshot:
            await snapshot.fetch(Statement(text("SELECT x FROM nowhere WHERE y = :y")), {"y": value})
            return 0

    @strawberry.field
    def broken(self, value: str = "") -> str:
        raise RuntimeError(f"no place for {value}")

    @strawberry.field
    def wrong_type(self, value: str) -> Record:
        return value  # type: ignore[return-value]  # as a bug would

    @strawberry.field
    def too_large(self) -> int:
        return 2**40

    @strawberry.field
    def locked(self, info: strawberry.Info[Context]) -> str | None:
        info.context.require(PermissionKey.GROUP_SCHEDULE_VIEW)
        return "open"

    @strawberry.field
    def page(self, size: int) -> str | None:
        raise BadInput(f"A page has 1 to 200 rows, not {size}.", "size")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def write(self) -> str:
        return "written"


@pytest.fixture
def small_app(clinic: Clinic) -> Starlette:
    """The endpoint with the schema of this file, whose resolvers can fail."""
    silence_document_logging()
    endpoint = GraphQLEndpoint(strawberry.Schema(Query, Mutation), clinic, Authenticator(SECRET))
    return Starlette(routes=[Route("/graphql", endpoint)], middleware=[Middleware(RequestLog)])


@pytest.fixture
async def client(small_app: Starlette) -> AsyncIterator[ApiClient]:
    async with clients_of(small_app) as clients:
        yield await clients(permissions=[])


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


async def post(client: ApiClient, content: bytes, **headers: str) -> httpx.Response:
    return await client.http.post("/graphql", content=content, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer abc", "bearer a.b.c"])
async def test_a_request_without_a_valid_token_gets_401(small_app: Starlette, header: str | None) -> None:
    async with clients_of(small_app) as clients:
        stranger = await clients.signed_in_as(header)
        for response in (await stranger.send("{ hello }"), await post(stranger, b"not even JSON")):
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            assert codes(response) == ["UNAUTHENTICATED"]
            assert "data" not in response.json()


async def test_introspection_and_suggestions_need_a_token(small_app: Starlette, client: ApiClient) -> None:
    introspection, misspelt = "{ __schema { types { name } } }", "{ helo }"
    types = (await client.execute(introspection))["__schema"]["types"]
    assert {"name": "Mutation"} in types
    [error] = (await client.try_execute(misspelt))["errors"]
    assert "Did you mean 'hello'?" in error["message"]
    async with clients_of(small_app) as clients:
        stranger = await clients.signed_in_as(None)
        for document in (introspection, misspelt, "{ hello }", "{"):
            for response in (
                await stranger.send(document),
                await stranger.http.get("/graphql", params={"query": document}),
            ):
                assert response.status_code == 401
                assert response.json() == {
                    "errors": [
                        {
                            "message": "Sign in: send a bearer token in the Authorization header.",
                            "extensions": {"code": "UNAUTHENTICATED"},
                        }
                    ]
                }


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; charset=utf-8, application/json; charset=utf-8", RESPONSE),
        (f"application/json, {RESPONSE};q=0.5", "application/json"),
        (f"text/html, {RESPONSE};q=0.9, */*;q=0.1", RESPONSE),
    ],
)
async def test_the_response_has_the_media_type_that_the_client_accepts(
    client: ApiClient, accept: str | None, media_type: str
) -> None:
    request = client.http.build_request("POST", "/graphql", json={"query": "{ hello }"})
    del request.headers["Accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    response = await client.http.send(request)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response.json()["data"] == {"hello": "hello you"}


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*, text/*"])
async def test_other_media_types_are_not_acceptable(client: ApiClient, accept: str) -> None:
    response = await post(client, b'{"query": "{ hello }"}', Accept=accept)
    assert response.status_code == 406
    assert codes(response) == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16"]
)
async def test_a_body_that_is_not_declared_as_json_is_refused(client: ApiClient, content_type: str) -> None:
    response = await post(client, b'{"query": "{ hello }"}', **{"Content-Type": content_type})
    assert response.status_code == 415
    assert codes(response) == ["BAD_REQUEST"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_get_405_with_the_allowed_ones(client: ApiClient, method: str) -> None:
    response = await client.http.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"5",
        b'"query"',
        b"[]",
        b'[{"query": "{ hello }"}]',
        b"{}",
        b"[" * 5000 + b"]" * 5000,
        b'{"query": "{ hello }", "variables": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
        b"\xff\xfe\x00",
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'{"query": 7}',
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": ["{ hello }"]}',
        b'{"query": "{ hello }", "variables": "a"}',
        b'{"query": "{ hello }", "variables": [1]}',
        b'{"query": "{ hello }", "variables": 0}',
        b'{"query": "{ hello }", "operationName": {}}',
        b'{"query": "{ hello }", "operationName": false}',
        b'{"query": "{ hello }", "extensions": "a"}',
        b'{"query": "{ hello }", "extensions": 0}',
        b'{"query": "{ hello }", "extensions": []}',
        b'{"query": "{ hello }", "a": NaN}',
    ],
)
async def test_a_malformed_body_is_a_client_error(client: ApiClient, body: bytes) -> None:
    for accept in (RESPONSE, "application/json"):
        response = await post(client, body, Accept=accept)
        assert response.status_code == 400
        assert codes(response) == ["BAD_REQUEST"]
        assert "data" not in response.json()


async def test_a_number_of_5000_digits_is_a_client_error(client: ApiClient) -> None:
    body = b'{"query": "query($n: Int!) { hello(times: $n) }", "variables": {"n": ' + b"9" * 5000 + b"}}"
    response = await post(client, body, Accept=RESPONSE)
    assert response.status_code == 400
    response = await client.send("{ hello(times: " + "9" * 5000 + ") }")
    assert codes(response) == ["GRAPHQL_VALIDATION_FAILED"]


async def test_a_document_nested_too_deeply_exceeds_a_limit(client: ApiClient) -> None:
    for document in ("{a" * 5000 + "}" * 5000, "{ hello(name: " + "[" * 5000 + "]" * 5000 + ") }"):
        response = await client.send(document)
        assert response.status_code == 200
        assert codes(response) == ["LIMIT_EXCEEDED"]


async def test_a_body_has_at_most_a_megabyte(client: ApiClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    whole = await post(client, b" " * 1_000_001)
    in_pieces = await client.http.post("/graphql", content=pieces(), headers={"Content-Type": "application/json"})
    for refused in (whole, in_pieces):
        assert (refused.status_code, codes(refused)) == (413, ["LIMIT_EXCEEDED"])
        [error] = refused.json()["errors"]
        extensions = error["extensions"]
        assert (extensions["limit"], extensions["allowed"]) == ("body_bytes", 1_000_000)
        assert extensions["requested"] > 1_000_000
    assert (await post(client, b'{"query": "{ hello }"}'.ljust(1_000_000))).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{ hello"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ goodbye }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { hello(times: $n) }", "variables": {"n": "many"}}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { hello(times: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { hello } query B { hello }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "fragment A on Query { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_request_that_is_not_executed_has_no_data(client: ApiClient, body: dict[str, Any], code: str) -> None:
    for accept, status in ((RESPONSE, 400), ("application/json", 200)):
        response = await post(client, json.dumps(body).encode(), Accept=accept)
        assert response.status_code == status
        assert "data" not in response.json()
        assert codes(response) == [code]


async def test_the_named_one_of_several_operations_runs(client: ApiClient) -> None:
    document = 'query A { hello } query B { hello(name: "B") }'
    assert (await client.send(document, operation_name="B")).json()["data"] == {"hello": "hello B"}


async def test_a_query_can_be_sent_by_get(client: ApiClient) -> None:
    query = "query A($name: String!) { hello(name: $name) }"
    parameters = {"query": query, "variables": '{"name": "Ann"}', "operationName": "A"}
    response = await client.http.get("/graphql", params=parameters)
    assert response.json()["data"] == {"hello": "hello Ann"}
    for wrong in ({}, {"query": query, "variables": "{"}, {"query": query, "variables": "[1]"}):
        assert (await client.http.get("/graphql", params=wrong)).status_code == 400


async def test_a_mutation_by_get_is_refused(client: ApiClient) -> None:
    response = await client.http.get("/graphql", params={"query": "mutation { write }"})
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert codes(response) == ["BAD_REQUEST"]
    assert await client.execute("mutation { write }") == {"write": "written"}


async def test_a_missing_permission_is_named_and_other_fields_have_data(client: ApiClient) -> None:
    body = await client.try_execute("{ locked hello }")
    assert body["data"] == {"locked": None, "hello": "hello you"}
    (error,) = body["errors"]
    assert error["path"] == ["locked"]
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredPermission": "pm.group_schedule.view"}


async def test_an_invalid_argument_is_bad_user_input(client: ApiClient) -> None:
    (error,) = (await client.try_execute("{ page(size: 0) }"))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "size", "path": ["size"]}
    assert error["message"] == "A page has 1 to 200 rows, not 0."


async def test_faults_are_masked_with_the_request_id_and_logged_without_values(
    client: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "group_sessions")
    documents = [
        f'{{ broken(value: "{MARKER}") }}',
        f'{{ brokenStatement(value: "{MARKER}") }}',
        f'{{ wrongType(value: "{MARKER}") {{ id }} }}',
        "{ tooLarge }",
    ]
    for document in documents:
        caplog.clear()
        response = await client.send(document)
        assert response.status_code == 200
        (error,) = response.json()["errors"]
        request_id = response.headers["X-Request-ID"]
        assert (
            error["message"] == f"An unexpected error occurred. If you report it, include the request ID {request_id}."
        )
        assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
        assert len(error["path"]) == 1
        lines = [JsonLines().format(record) for record in caplog.records]
        [fault] = [line for line in map(json.loads, lines) if line["logger"] == "group_sessions.faults"]
        assert fault["request_id"] == request_id
        assert fault["fault"][0]["at"]
        assert MARKER not in response.text
        assert all(MARKER not in line and "broken(" not in line for line in lines)
    assert not [record for record in caplog.records if record.name.startswith("strawberry")]


async def test_every_request_has_one_log_line_without_its_values(
    client: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "group_sessions")
    await client.send(
        f'query Greeting($v: String!) {{ hello(name: $v) again: hello(name: "{MARKER}") }}', {"v": MARKER}
    )
    await client.send(f'{{ one hello(name: "query {MARKER}") }}', operation_name=f"{MARKER} ")
    await client.send(f'{{ one again: hello(name: "query {MARKER}") }}')
    await client.http.get(f"/{MARKER}")
    lines = [JsonLines().format(record) for record in caplog.records]
    assert all(MARKER not in line for line in lines)
    requests = [line for line in map(json.loads, lines) if line["logger"] == "group_sessions.requests"]
    first, second, third, fourth = requests
    assert first["operation_name"] == "Greeting"
    assert (first["caller_id"], first["organization_id"]) == ("caller-1", "org-1")
    assert (first["outcome"], first["status"], first["path"]) == ("ok", 200, "/graphql")
    assert first["duration_ms"] > 0
    assert second["outcome"] == "OPERATION_RESOLUTION_FAILURE"
    assert third["outcome"] == "ok"
    assert (fourth["outcome"], fourth["status"], fourth["path"]) == ("refused", 404, "OTHER")


async def test_a_valid_request_id_is_used_and_any_other_is_replaced(client: ApiClient) -> None:
    async def request_id_of_response(request_id: str) -> str:
        response = await post(client, b'{"query": "{ hello }"}', **{"X-Request-ID": request_id})
        return response.headers["X-Request-ID"]

    for valid in ("a", "trace-1.2_3", "x" * 128):
        assert await request_id_of_response(valid) == valid
    for wrong in ("", "a b", "x" * 129, "a/b", "a;b"):
        assert UUID(await request_id_of_response(wrong)).version == 7
    stranger = await client.http.post("/graphql", headers={"Authorization": "", "X-Request-ID": "mine"})
    assert (stranger.status_code, stranger.headers["X-Request-ID"]) == (401, "mine")


async def test_the_server_timing_header_counts_statements(app_client: ApiClients) -> None:
    client = await app_client()
    for query, fewest in (("{ __typename }", 0), ("{ groupDefinitions { nodes { id } } }", 1)):
        timing = (await client.send(query)).headers["Server-Timing"]
        match = re.fullmatch(r'db;dur=\d+\.\d;desc="(\d+)"', timing)
        assert match is not None
        assert fewest <= int(match.group(1)) <= 2 * fewest


async def test_the_start_page_redirects_to_graphiql_if_it_is_on(clinic: Clinic) -> None:
    for graphiql, status in ((True, 307), (False, 404)):
        app = make_app(clinic, graphiql=graphiql)
        async with http_client(app) as http:
            response = await http.get("/")
            assert response.status_code == status
            if graphiql:
                assert response.headers["Location"] == "graphiql"
            else:
                assert (await http.get("/graphiql")).status_code == 404


async def test_the_start_page_is_the_admin_ui_if_it_is_on(clinic: Clinic) -> None:
    for graphiql, link in ((True, "on"), (False, "off")):
        async with http_client(make_app(clinic, graphiql=graphiql, admin_ui=True)) as http:
            page = await http.get("/")
            assert page.headers["Content-Type"] == "text/html; charset=utf-8"
            assert f'<meta name="graphiql" content="{link}"' in page.text
            assert (await http.get("/graphiql")).status_code == (200 if graphiql else 404)


async def test_concurrent_requests_have_their_own_ids_and_counts(client: ApiClient) -> None:
    async def send(number: int) -> None:
        response = await post(client, b'{"query": "{ one }"}', **{"X-Request-ID": f"r{number}"})
        assert response.json()["data"] == {"one": 1}
        assert response.headers["X-Request-ID"] == f"r{number}"

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(send, number)

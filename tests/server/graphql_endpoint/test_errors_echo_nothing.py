"""No error contains what the client sent, except for aliases in its path and the name of a variable."""

from collections.abc import AsyncIterator

import pytest

from db.connections.engine import Database
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app
from tests.support.clinic import seed
from tests.support.planted import (
    INVALID_DOCUMENTS,
    MARKER,
    MARKER_NAME,
    MARKERS,
    planted_mistakes,
    planted_requests,
    reported_text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[True, False], ids=["compiled", "graphql-core"])
async def client(request: pytest.FixtureRequest, clinic: Clinic, engine: Database) -> AsyncIterator[ApiClient]:
    """An administrator of a clinic whose app uses one of the executors."""
    await seed(engine, ORGANIZATION)
    async with clients_of(make_app(clinic, compiled=request.param)) as clients:
        yield await clients()


async def test_errors_of_documents_repeat_nothing(client: ApiClient) -> None:
    for document in INVALID_DOCUMENTS:
        body = await client.try_execute(document)
        assert body["errors"], document
        assert MARKERS.search(reported_text(body)) is None, (document, body)


async def test_errors_of_arguments_and_input_fields_repeat_nothing(client: ApiClient) -> None:
    codes = set()
    for planted in planted_mistakes():
        body = await client.try_execute(planted.document, planted.variables)
        assert MARKERS.search(reported_text(body)) is None, (planted, body)
        for error in body.get("errors", ()):
            codes.add(error["extensions"]["code"])
            if error["extensions"]["code"] == "BAD_USER_INPUT" and "path" not in error:
                assert error["extensions"]["path"][0] == error["extensions"]["variable"] == MARKER_NAME
    assert codes == {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


async def test_errors_of_requests_repeat_nothing(client: ApiClient) -> None:
    for planted in planted_requests():
        body = await client.try_execute(planted.document, planted.variables)
        assert MARKERS.search(reported_text(body)) is None, (planted, body)
    query = "query A { viewer { id } } query B { viewer { id } }"
    for parameters in (
        {"query": query, "operationName": MARKER},
        {"query": query, "variables": MARKER},
        {"query": query, "variables": f'{{"{MARKER}"'},
        {"query": query, "extensions": f'{{"persistedQuery": {{"version": 1, "sha256Hash": "{MARKER}"}}}}'},
        {MARKER: MARKER},
    ):
        response = await client.http.get("/graphql", params=parameters)
        assert response.json()["errors"]
        assert MARKERS.search(reported_text(response.json())) is None, response.text

"""EXECUTOR chooses the executor. Responses are the same, and a field that fails needs no fallback to graphql-core."""

import signal

import orjson
import pytest

from db.connections.engine import Database
from tests.support.api_client import ORGANIZATION
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.serving import serving

pytestmark = pytest.mark.anyio

WITHOUT_ERROR = "{ groupDefinitions { nodes { name occurrences { totalCount } } } }"
WITH_ERROR = "{ groupDefinitions { nodes { name occurrences(first: 0) { totalCount } } } }"


BY_ID = "query ($id: ID!) { groupDefinition(id: $id) { occurrences { nodes { id } } enrollments { nodes { id } } } }"


@pytest.mark.parametrize(("executor", "statements"), [("compiled", 1), ("graphql-core", 3)])
async def test_the_setting_chooses_the_executor_and_a_failed_field_needs_no_fallback(
    engine: Database, database_url: str, executor: str, statements: int
) -> None:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "Anger management", ORGANIZATION)
    async with serving(database_url, EXECUTOR=executor) as server:
        complete, failed = await server.post(WITHOUT_ERROR, {}), await server.post(WITH_ERROR, {})
        await server.post(BY_ID, {"id": str(group)})
        server.process.send_signal(signal.SIGTERM)
        log = await server.ended()
    assert complete.json()["data"] == {
        "groupDefinitions": {"nodes": [{"name": "Anger management", "occurrences": {"totalCount": 0}}]}
    }
    [error] = failed.json()["errors"]
    assert error["path"] == ["groupDefinitions", "nodes", 0, "occurrences"]
    lines = [line for line in map(orjson.loads, log.splitlines()) if line.get("path") == "/graphql"]
    assert [line["fallbacks"] for line in lines] == [0, 0, 0]
    if database_url.startswith("postgresql"):
        # Only the compiled executor reads a group together with its lists. SQLite needs no fewer statements.
        assert lines[2]["statements"] == statements

"""EXECUTOR chooses the executor. Responses are the same, and the log counts fallbacks to graphql-core."""

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


@pytest.mark.parametrize(("executor", "fallbacks"), [("compiled", [0, 1]), ("graphql-core", [0, 0])])
async def test_the_setting_chooses_the_executor_and_the_log_counts_fallbacks(
    engine: Database, database_url: str, executor: str, fallbacks: list[int]
) -> None:
    await seed(engine, ORGANIZATION)
    await add_group(engine, "Anger management", ORGANIZATION)
    async with serving(database_url, EXECUTOR=executor) as server:
        complete, failed = await server.post(WITHOUT_ERROR, {}), await server.post(WITH_ERROR, {})
        server.process.send_signal(signal.SIGTERM)
        log = await server.ended()
    assert complete.json()["data"] == {
        "groupDefinitions": {"nodes": [{"name": "Anger management", "occurrences": {"totalCount": 0}}]}
    }
    [error] = failed.json()["errors"]
    assert error["path"] == ["groupDefinitions", "nodes", 0, "occurrences"]
    lines = [orjson.loads(line) for line in log.splitlines()]
    assert [line["fallbacks"] for line in lines if line.get("path") == "/graphql"] == fallbacks

"""EXECUTOR chooses who completes answers. They are the same, and the log tells what was done twice for one."""

import signal

import orjson
import pytest

from db.connections.engine import Database
from tests.server.runtime.test_shutdown import serving
from tests.support.api_client import ORGANIZATION
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

WELL = "{ groupDefinitions { nodes { name occurrences { totalCount } } } }"
WRONG = "{ groupDefinitions { nodes { name occurrences(first: 0) { totalCount } } } }"


@pytest.mark.parametrize(("executor", "fallbacks"), [("compiled", [0, 1]), ("graphql-core", [0, 0])])
async def test_the_setting_chooses_the_executor_and_the_log_counts_what_was_done_twice(
    engine: Database, database_url: str, executor: str, fallbacks: list[int]
) -> None:
    await seed(engine, ORGANIZATION)
    await add_group(engine, "Anger management", ORGANIZATION)
    async with serving(database_url, EXECUTOR=executor) as server:
        well, wrong = await server.post(WELL, {}), await server.post(WRONG, {})
        server.process.send_signal(signal.SIGTERM)
        told = await server.ended()
    assert well.json()["data"] == {
        "groupDefinitions": {"nodes": [{"name": "Anger management", "occurrences": {"totalCount": 0}}]}
    }
    [error] = wrong.json()["errors"]
    assert error["path"] == ["groupDefinitions", "nodes", 0, "occurrences"]
    lines = [orjson.loads(line) for line in told.splitlines()]
    assert [line["fallbacks"] for line in lines if line.get("path") == "/graphql"] == fallbacks

"""The clients of graphql-sse and graphql-ws (npm) follow changes while servers are killed."""

import asyncio
from asyncio.subprocess import PIPE
from uuid import uuid4

import pytest

from db.connections.engine import Database
from tests.clients.test_clients import FOLDER
from tests.support.api_client import bearer
from tests.support.node import NODE
from tests.support.processes import free_port
from tests.support.relaying import record
from tests.support.serving import serving_on

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@pytest.mark.parametrize("library", ["graphql-sse", "graphql-ws"])
async def test_a_client_loses_and_repeats_nothing_while_servers_are_killed(
    library: str, database_url: str, engine: Database
) -> None:
    port = free_port()
    [first] = await record(engine, [uuid4()])
    environment = {
        "GRAPHQL_URL": f"http://127.0.0.1:{port}/graphql",
        "GRAPHQL_URL_WITHOUT_PERSISTED_QUERIES": "unused",
        "GRAPHQL_TOKEN": bearer().removeprefix("Bearer "),
    }
    client = await asyncio.create_subprocess_exec(
        *(NODE, "follow.ts", library, first), cwd=FOLDER, env=environment, stdout=PIPE, stderr=PIPE
    )
    assert client.stdout is not None
    ids: list[str] = []
    seen: list[str] = []
    try:
        for _ in range(3):
            ids += await record(engine, [uuid4() for _ in range(20)])
            async with serving_on(port, database_url) as server:
                ids += await record(engine, [uuid4() for _ in range(20)])
                # Killed in the middle of what it sends; the rest comes from the next server.
                seen += [(await client.stdout.readline()).decode().strip() for _ in range(30)]
                server.process.kill()
                await server.process.wait()
        async with serving_on(port, database_url):
            while len(seen) < len(ids):
                seen.append((await client.stdout.readline()).decode().strip())
            [last] = await record(engine, [uuid4()])
            assert (await client.stdout.readline()).decode().strip() == last
        assert seen == ids
    finally:
        if client.returncode is None:
            client.kill()
        await client.communicate()

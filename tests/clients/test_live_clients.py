"""The client libraries of docs/live.md (npm) follow changes while servers and relays are killed."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from db.connections.engine import Database
from tests.clients.test_clients import FOLDER, compile_documents
from tests.support.api_client import bearer
from tests.support.node import NODE
from tests.support.processes import free_port, running_command
from tests.support.receiver import SECRET, Delivery, listening
from tests.support.relaying import record
from tests.support.serving import serving_on

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

LIBRARIES = {
    *("graphql-sse", "graphql-ws"),
    *("Apollo, SSE", "Apollo, WebSocket"),
    *("urql, SSE", "urql, WebSocket"),
    *("Relay, SSE", "Relay, WebSocket"),
}
KILLS = 2


@dataclass
class Followers:
    """The process of all libraries, and the ids that each of them has received."""

    process: Process
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def receive(self, count: int) -> None:
        """Wait until each library has received this many changes in all."""
        assert self.process.stdout is not None
        while {len(ids) >= count for ids in self.seen.values()} != {True} or self.seen.keys() != LIBRARIES:
            line = (await self.process.stdout.readline()).decode()
            assert line, (await self.process.communicate())[1].decode()
            library, _, change_id = line.strip().partition(": ")
            self.seen[library].append(change_id)


@asynccontextmanager
async def following(port: int, after: str) -> AsyncIterator[Followers]:
    process = await asyncio.create_subprocess_exec(
        *(NODE, "follow.ts", after),
        cwd=FOLDER,
        env={
            "GRAPHQL_URL": f"http://127.0.0.1:{port}/graphql",
            "GRAPHQL_URL_WITHOUT_PERSISTED_QUERIES": "unused",
            "GRAPHQL_TOKEN": bearer().removeprefix("Bearer "),
        },
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Followers(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_clients_lose_and_repeat_nothing_while_servers_and_relays_die(
    database_url: str, engine: Database, tmp_path: Path
) -> None:
    await compile_documents()
    port = free_port()
    [first] = await record(engine, [uuid4()])
    ids: list[str] = []

    async def record_changes() -> None:
        for _ in range(10):
            ids.extend(await record(engine, [uuid4() for _ in range(4)]))

    delivered = asyncio.Event()

    async def accept(_delivery: Delivery) -> int:
        delivered.set()
        return 204

    async with following(port, first) as followers, listening() as receiver:
        receiver.respond = accept
        relay = {"DATABASE_URL": database_url, "EVENTS_WEBHOOK_URL": receiver.url, "EVENTS_WEBHOOK_SECRET": SECRET}
        for kills in range(KILLS + 1):
            await record_changes()  # while nothing runs
            async with (
                serving_on(port, database_url, LIMIT_STREAMS="50") as server,
                running_command("relay", cwd=tmp_path, LOG_LEVEL="ERROR", **relay),
            ):
                changes = asyncio.create_task(record_changes())
                await delivered.wait()
                delivered.clear()
                await followers.receive(10 + 80 * kills)
                if kills < KILLS:  # both are killed while they send; the rest comes from the next ones
                    server.process.kill()
                await changes
                if kills == KILLS:
                    await followers.receive(len(ids))
    assert followers.seen == dict.fromkeys(LIBRARIES, ids)

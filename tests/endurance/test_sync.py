"""A reporting tool that reads only what has changed, while others write, ends with an identical copy."""

import asyncio

import httpx
import pytest

from db.connections.engine import Database
from tests.endurance.concurrent_clients import create_clients
from tests.endurance.scale import soak
from tests.endurance.servers import run_fork_server
from tests.endurance.syncing_client import SyncingClient
from tests.support.figures import record_figures

pytestmark = pytest.mark.anyio


async def test_a_client_that_reads_what_has_changed_has_an_identical_copy(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _sync(engine, database_url, database_kind, clients=6, changes=25)


@pytest.mark.soak
async def test_a_client_that_reads_what_has_changed_has_an_identical_copy_for_long(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _sync(engine, database_url, database_kind, clients=12, changes=soak(400, short=50))


async def _sync(engine: Database, database_url: str, database_kind: str, *, clients: int, changes: int) -> None:
    async with run_fork_server(database_url) as fork_server, httpx.AsyncClient(timeout=120) as http:
        servers = [await fork_server.start() for _ in range(2)]
        addresses = [server.address for server in servers]
        writers = await create_clients(engine, http, addresses, 2)
        reader = SyncingClient(http, list(addresses), writers.authorization)
        changing = asyncio.gather(*(writers.change(changes) for _ in range(clients)))
        await asyncio.gather(changing, reader.sync_until(changing))
        everything = await reader.read_all()
        assert reader.copy == everything
        for server in servers:
            server.kill()
            await fork_server.reap(server)
    assert any(group["deletedAt"] for group in everything["groupDefinitions"].values())
    assert any(enrollment["deletedAt"] for enrollment in everything["enrollments"].values())
    assert len(everything["occurrences"]) > 10
    record_figures(
        "a copy of what has changed",
        database_kind,
        changes=writers.log.accepted,
        passes=reader.counts["passes"],
        records=sum(map(len, everything.values())),
    )

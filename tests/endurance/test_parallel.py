"""Several server processes on one database, with many clients on a few groups. Each accepted change is made once."""

import asyncio
import signal

import httpx
import pytest

from db.connections.engine import Database
from tests.endurance.concurrent_clients import create_clients
from tests.endurance.response_log import history_by_request
from tests.endurance.scale import soak
from tests.endurance.servers import run_fork_server
from tests.support.figures import record_figures
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

SERVERS = 3


async def test_parallel_servers_make_each_accepted_change_once(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _run_clients(engine, database_url, database_kind, clients=12, changes=15)


@pytest.mark.soak
async def test_parallel_servers_make_each_accepted_change_once_for_long(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _run_clients(engine, database_url, database_kind, clients=24, changes=soak(400, short=50))


async def _run_clients(engine: Database, database_url: str, database_kind: str, *, clients: int, changes: int) -> None:
    async with run_fork_server(database_url) as fork_server, httpx.AsyncClient(timeout=120) as http:
        servers = [await fork_server.start() for _ in range(SERVERS)]
        group_clients = await create_clients(engine, http, [server.address for server in servers], 1)
        changing = asyncio.gather(*(group_clients.change(changes) for _ in range(clients)))
        await asyncio.gather(changing, *(group_clients.check_rosters(changing) for _ in range(2)))
        for server in servers:
            server.kill()
            assert await fork_server.reap(server) == -signal.SIGKILL
    assert group_clients.counts["unanswered"] == 0
    assert group_clients.log.accepted > clients * changes / 4
    group_clients.log.assert_consistent(await history_by_request(engine, group_clients.organization))
    await assert_invariants(engine, group_clients.organization)
    record_figures(
        "parallel processes",
        database_kind,
        servers=SERVERS,
        clients=clients,
        requests=clients * changes,
        accepted=group_clients.log.accepted,
        busy=group_clients.counts["BUSY"],
        reads=group_clients.counts["reads"],
    )

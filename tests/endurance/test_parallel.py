"""Several server processes on one database, and many clients on a few groups: what was accepted was done, once."""

import asyncio
import signal

import httpx
import pytest

from db.connections.engine import Database
from tests.endurance.account import history_by_request
from tests.endurance.hot_groups import gather_crowd
from tests.endurance.scale import soak
from tests.endurance.servers import open_nursery
from tests.support.figures import record_figures
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

SERVERS = 3


async def test_many_clients_over_several_server_processes_lose_and_double_nothing(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _crowd(engine, database_url, database_kind, clients=12, changes=15)


@pytest.mark.soak
async def test_many_clients_over_several_server_processes_lose_and_double_nothing_for_long(
    engine: Database, database_url: str, database_kind: str
) -> None:
    await _crowd(engine, database_url, database_kind, clients=24, changes=soak(400, short=50))


async def _crowd(engine: Database, database_url: str, database_kind: str, *, clients: int, changes: int) -> None:
    async with open_nursery(database_url) as nursery, httpx.AsyncClient(timeout=120) as http:
        servers = [await nursery.start() for _ in range(SERVERS)]
        crowd = await gather_crowd(engine, http, [server.address for server in servers], 1)
        changing = asyncio.gather(*(crowd.change(changes) for _ in range(clients)))
        await asyncio.gather(changing, *(crowd.watch(changing) for _ in range(2)))
        for server in servers:
            server.kill()
            assert await nursery.reap(server) == -signal.SIGKILL
    assert crowd.counts["unanswered"] == 0
    assert crowd.account.accepted > clients * changes / 4
    crowd.account.assert_kept(await history_by_request(engine, crowd.organization))
    await assert_invariants(engine, crowd.organization)
    record_figures(
        "parallel processes",
        database_kind,
        servers=SERVERS,
        clients=clients,
        requests=clients * changes,
        accepted=crowd.account.accepted,
        busy=crowd.counts["BUSY"],
        reads=crowd.counts["looked"],
    )

"""A repeat after an outage of the database does not wait for the lease of the attempt that the outage ended."""

import asyncio

import asyncpg
import pytest

from db.connections.engine import Database, create_engine
from tests.server.runtime.test_outage import Running, on_postgresql, running
from tests.support.api_client import clients_of, make_app, make_clinic
from tests.support.databases import connections_refused, until_a_backend_waits

pytestmark = pytest.mark.anyio


@on_postgresql
@pytest.mark.parametrize("repeated_at", ["the same server", "another server"])
async def test_a_repeat_after_an_outage_is_answered_at_once(
    engine: Database, database_url: str, administrator_url: str, postgres_url: str, repeated_at: str
) -> None:
    another_engine = create_engine(database_url)
    async with (
        running(database_url, engine) as server,
        clients_of(make_app(make_clinic(another_engine))) as clients,
    ):
        holder = await asyncpg.connect(administrator_url)
        await holder.execute("BEGIN; SELECT FROM pm_group_definitions FOR UPDATE")
        first = asyncio.create_task(server.enroll("patient-1", "key-1"))
        await until_a_backend_waits(engine)
        others = f"pid <> {holder.get_server_pid()}"  # so that the lock is not released before the first request ends
        async with connections_refused(postgres_url, engine.url.database, others):
            (error,) = (await first).json()["errors"]
            assert error["extensions"]["code"] == "UNAVAILABLE"
        await holder.close()
        another = Running(await clients(), server.group, another_engine)
        repeat = await (server if repeated_at == "the same server" else another).enroll("patient-1", "key-1")
        assert repeat.status_code == 200, repeat.text
        assert repeat.json()["data"]["enrollPatient"]["userErrors"] == []
    await another_engine.dispose()

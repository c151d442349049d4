"""Kills servers one after another. The next server gets the requests that the last one left without a response."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from sqlalchemy import text, update

from db.connections.engine import Database
from db.tables import idempotency_keys
from tests.endurance.concurrent_clients import ConcurrentClients, create_clients
from tests.endurance.mutations import MutationType, SentMutation
from tests.endurance.prepared_mutations import prepare_mutation
from tests.endurance.response_log import history_by_request
from tests.endurance.servers import APPLICATION_NAME, ForkServer, Server, run_fork_server
from tests.support.invariants import assert_invariants
from tests.support.lively_clinic import LONG_AGO

_COUNT_CONNECTIONS = text(
    "SELECT count(*) FROM pg_stat_activity"
    f" WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}'"
)
_CLIENTS = 4


@dataclass
class Killer:
    """Kills servers, and counts the outcomes.

    Attributes:
        kills: The number of killed servers.
        committed: The number of requests that were committed, but got no response.
        undone: The number of requests that were not committed and got no response.
    """

    engine: Database
    fork_server: ForkServer
    clients: ConcurrentClients
    kills: int = 0
    committed: int = 0
    undone: int = 0
    _unanswered: list[SentMutation] = field(default_factory=list)

    async def new_organization(self) -> None:
        """Continue in another organization, so that the data to check after each kill stays small."""
        await self._repeat_unanswered()
        self.clients = await create_clients(self.engine, self.clients.http, [], self.kills, groups=2)

    async def kill_at_moment(self, type_: MutationType, moment: int) -> bool:
        """Send a mutation to a server that kills itself at a moment of it. Return whether there was a response."""
        mutation = await prepare_mutation(self.engine, type_, self.clients.organization)
        server = await self._start(moment)
        server.arm()
        response = await self.clients.send(mutation)
        await self._kill(server, [mutation])
        return response is not None

    async def kill_after(self, seconds: float | None) -> float:
        """Kill a server some time after several clients have sent a request each. Return the time that these took.

        Args:
            seconds: The time until the kill; None waits for all responses.
        """
        mutations = [self.clients.workload.next() for _ in range(_CLIENTS)]
        server = await self._start(None)
        await self.clients.check_roster()  # the server is up
        started = time.monotonic()
        sending = asyncio.gather(*(self.clients.send(mutation) for mutation in mutations))
        if seconds is not None:
            await asyncio.wait([sending], timeout=seconds)
            server.kill()
        await sending
        duration = time.monotonic() - started
        await self._kill(server, mutations)
        return duration

    async def _start(self, moment: int | None) -> Server:
        server = await self.fork_server.start(moment)
        self.clients.addresses[:] = [server.address]
        repeated, self._unanswered = self._unanswered, []
        if repeated:
            await self._expire_leases()
        for mutation in repeated:
            response = await self.clients.send(mutation)
            while response is not None and response.error_codes:  # BUSY: try again
                response = await self.clients.send(mutation)
            assert response is not None
        if repeated:
            await self._assert_consistent()
        return server

    async def _kill(self, server: Server, mutations: list[SentMutation]) -> None:
        server.kill()
        assert await self.fork_server.reap(server) == -signal.SIGKILL
        self.kills += 1
        await self._no_connections_of_servers()
        committed_ids = await self._assert_consistent()
        self._unanswered = [mutation for mutation in mutations if self.clients.log.response_to(mutation) is None]
        committed = sum(mutation.request_id in committed_ids for mutation in self._unanswered)
        self.committed += committed
        self.undone += len(self._unanswered) - committed

    async def _repeat_unanswered(self) -> None:
        if self._unanswered:
            server = await self._start(None)
            await self._kill(server, [])

    async def _assert_consistent(self) -> set[str]:
        history = await history_by_request(self.engine, self.clients.organization)
        self.clients.log.assert_consistent(history)
        await assert_invariants(self.engine, self.clients.organization)
        return set(history)

    async def _expire_leases(self) -> None:
        # A repeated request waits until the lease of the killed server expires. Let it expire now.
        async with self.engine.begin() as connection:
            await connection.execute(update(idempotency_keys).values(leased_until=LONG_AGO))

    async def _no_connections_of_servers(self) -> None:
        # PostgreSQL finishes its current statement before it notices that the client is gone.
        if self.engine.dialect.name == "postgresql":
            async with self.engine.connect() as connection:
                while await connection.scalar(_COUNT_CONNECTIONS):
                    await connection.rollback()


@asynccontextmanager
async def killing_servers(engine: Database, database_url: str) -> AsyncIterator[Killer]:
    """Provide a killer of servers on a database. Afterwards assert that all invariants hold in the whole database."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with run_fork_server(database_url) as fork_server, httpx.AsyncClient(timeout=60, limits=limits) as http:
        killer = Killer(engine, fork_server, await create_clients(engine, http, [], 0, groups=2))
        yield killer
        await killer.new_organization()
    await assert_invariants(engine)

"""Servers that are killed one after another, each followed by one that answers what it left unanswered."""

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
from tests.endurance.account import history_by_request
from tests.endurance.hot_groups import Crowd, gather_crowd
from tests.endurance.mutations import Kind, Mutation
from tests.endurance.scenes import scene
from tests.endurance.servers import APPLICATION_NAME, Nursery, Server, open_nursery
from tests.support.invariants import assert_invariants
from tests.support.lively_clinic import LONG_AGO

_OF_SERVERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    f" WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}'"
)
_CLIENTS = 4


@dataclass
class Killing:
    """What became of the servers, and what their clients know.

    Attributes:
        kills: How many servers were killed.
        committed: How many requests a killed server had committed and not answered.
        undone: How many it had neither committed nor answered.
    """

    engine: Database
    nursery: Nursery
    crowd: Crowd
    kills: int = 0
    committed: int = 0
    undone: int = 0
    _unanswered: list[Mutation] = field(default_factory=list)

    async def new_organization(self) -> None:
        """Goes on in another organization: what is looked at after each kill stays small."""
        await self._settle_unanswered()
        self.crowd = await gather_crowd(self.engine, self.crowd.http, [], self.kills, groups=2)

    async def at_moment(self, kind: Kind, moment: int) -> bool:
        """Sends a mutation to a server that kills itself at this moment of it; tells whether it was answered before."""
        mutation = await scene(self.engine, kind, self.crowd.organization)
        server = await self._start(moment)
        server.arm()
        answer = await self.crowd.send(mutation)
        await self._kill(server, [mutation])
        return answer is not None

    async def at_random(self, seconds: float | None) -> float:
        """Kills a server so long after several clients have sent it a request each; gives how long they took.

        Args:
            seconds: The time to leave it; None leaves it the time to answer all.
        """
        mutations = [self.crowd.workload.next() for _ in range(_CLIENTS)]
        server = await self._start(None)
        await self.crowd.look()  # it is up
        started = time.monotonic()
        sending = asyncio.gather(*(self.crowd.send(mutation) for mutation in mutations))
        if seconds is not None:
            await asyncio.wait([sending], timeout=seconds)
            server.kill()
        await sending
        took = time.monotonic() - started
        await self._kill(server, mutations)
        return took

    async def _start(self, moment: int | None) -> Server:
        server = await self.nursery.start(moment)
        self.crowd.addresses[:] = [server.address]
        repeated, self._unanswered = self._unanswered, []
        if repeated:
            await self._let_leases_end()
        for mutation in repeated:
            answer = await self.crowd.send(mutation)
            while answer is not None and answer.error_codes:  # BUSY: not yet
                answer = await self.crowd.send(mutation)
            assert answer is not None
        if repeated:
            await self._assert_whole()
        return server

    async def _kill(self, server: Server, mutations: list[Mutation]) -> None:
        server.kill()
        assert await self.nursery.reap(server) == -signal.SIGKILL
        self.kills += 1
        await self._no_connections_of_servers()
        left = await self._assert_whole()
        self._unanswered = [each for each in mutations if self.crowd.account.answer_to(each) is None]
        committed = sum(each.request_id in left for each in self._unanswered)
        self.committed += committed
        self.undone += len(self._unanswered) - committed

    async def _settle_unanswered(self) -> None:
        if self._unanswered:
            server = await self._start(None)
            await self._kill(server, [])

    async def _assert_whole(self) -> set[str]:
        history = await history_by_request(self.engine, self.crowd.organization)
        self.crowd.account.assert_kept(history)
        await assert_invariants(self.engine, self.crowd.organization)
        return set(history)

    async def _let_leases_end(self) -> None:
        # A repeat waits for the time in which the killed server might have been still at work: here, as if it passed.
        async with self.engine.begin() as connection:
            await connection.execute(update(idempotency_keys).values(leased_until=LONG_AGO))

    async def _no_connections_of_servers(self) -> None:
        # PostgreSQL goes on with what it was sent last, and notices only then that its client is gone.
        if self.engine.dialect.name == "postgresql":
            async with self.engine.connect() as connection:
                while await connection.scalar(_OF_SERVERS):
                    await connection.rollback()


@asynccontextmanager
async def killing(engine: Database, database_url: str) -> AsyncIterator[Killing]:
    """Gives servers on a database to kill, and asserts at the end that all invariants hold in all of it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with open_nursery(database_url) as nursery, httpx.AsyncClient(timeout=60, limits=limits) as http:
        killed = Killing(engine, nursery, await gather_crowd(engine, http, [], 0, groups=2))
        yield killed
        await killed.new_organization()
    await assert_invariants(engine)

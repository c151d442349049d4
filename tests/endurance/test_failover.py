"""The primary is killed under load, and its synchronous standby promoted. No acknowledged change is lost or doubled.

A client repeats a request with the same idempotency key until it is answered. The server is one process, which is never
restarted.
"""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from db.connections.engine import Database, create_engine
from db.migrations.migrate import migrate
from db.outbox.events import EVENT_ORDER
from db.tables import enrollments, group_definitions, outbox
from tests.endurance.scale import soak
from tests.support.api_client import ORGANIZATION, bearer
from tests.support.clinic import seed
from tests.support.figures import record_figures
from tests.support.invariants import assert_invariants
from tests.support.postgres_pair import PostgresPair, postgres_pair
from tests.support.serving import serving

pytestmark = pytest.mark.anyio

CLIENTS: Final = 5
PATIENTS: Final = 3
PAUSE: Final = 0.02
"""Seconds between two tries of a request, as a client would wait."""

_CREATE = """mutation($name: String!) { createGroupDefinition(input: {name: $name, groupType: THERAPY,
    facilitatorId: "staff-1", maxCapacity: 9, durationMinutes: 60}) { groupDefinition { id } userErrors { code } } }"""
_ENROLL = """mutation($group: ID!, $patient: ID!) { enrollPatient(input: {groupDefinitionId: $group,
    patientId: $patient}) { enrollment { id } userErrors { code } } }"""


@pytest.mark.timeout(300)  # it takes less than a minute on an idle machine
async def test_a_failover_loses_and_doubles_no_change() -> None:
    await fail_over(10)


@pytest.mark.soak
async def test_many_failovers_lose_and_double_no_change() -> None:
    await fail_over(soak(100, short=2))


class Client:
    """Sends changes one after the other. Each is repeated until it is acknowledged.

    Attributes:
        done: The names of the groups whose changes are all acknowledged.
        repeated: The number of tries that were not acknowledged.
        acknowledged: Is set when a change is acknowledged.
        refused: Is set when a try is not acknowledged.
    """

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self._http, self._name = http, name
        self.done: list[str] = []
        self.repeated = 0
        self.acknowledged, self.refused = asyncio.Event(), asyncio.Event()

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            name = f"{self._name}-{len(self.done)}"
            data = await self._change(_CREATE, {"name": name})
            group = data["createGroupDefinition"]["groupDefinition"]["id"]
            for number in range(1, PATIENTS + 1):
                data = await self._change(_ENROLL, {"group": group, "patient": f"patient-{number}"})
                assert data["enrollPatient"]["userErrors"] == []
            self.done.append(name)

    async def _change(self, query: str, variables: dict[str, str]) -> dict[str, Any]:
        request = {"query": query, "variables": variables}
        headers = {"Authorization": bearer(), "Idempotency-Key": str(uuid4())}
        while True:
            with suppress(httpx.TransportError):
                response = await self._http.post("/graphql", json=request, headers=headers)
                body = response.json()
                if "errors" not in body:
                    self.acknowledged.set()
                    data: dict[str, Any] = body["data"]
                    return data
                codes = {error["extensions"]["code"] for error in body["errors"]}
                assert codes <= {"UNAVAILABLE", "BUSY", "IDEMPOTENCY_KEY_IN_USE"}, body
            self.repeated += 1
            self.refused.set()
            await asyncio.sleep(PAUSE)


async def fail_over(times: int) -> None:
    """Kill the primary this many times under the load of several clients, and check all changes at the end."""
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(postgres_pair())
        engine = create_engine(pair.url)
        stack.push_async_callback(engine.dispose)
        await migrate(engine)
        await seed(engine, ORGANIZATION)
        server = await stack.enter_async_context(serving(pair.url, ALLOW_OWNER_LOGIN="on"))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.address, timeout=60))
        clients = [Client(http, f"client-{number}") for number in range(CLIENTS)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(client.work(stop))
            recoveries = [await _fail_over_once(pair, clients) for _ in range(times)]
            stop.set()
        await _check(engine, clients)
    # A repeat never waits for the lease of an attempt that has failed, which would take 30 seconds.
    assert max(recoveries) < 10
    repeated = sum(client.repeated for client in clients)
    changes = sum(len(client.done) for client in clients) * (1 + PATIENTS)
    record_figures(
        "failover", "postgresql", kills=times, changes=changes, repeated=repeated, slowest_seconds=max(recoveries)
    )


async def _fail_over_once(pair: PostgresPair, clients: list[Client]) -> float:
    """Return after how many seconds from the promotion every client has its next change acknowledged."""
    await _each([client.acknowledged for client in clients])
    await pair.kill_primary()
    await _each([client.refused for client in clients])
    await pair.promote()
    promoted = time.monotonic()
    await _each([client.acknowledged for client in clients])
    seconds = time.monotonic() - promoted
    await pair.add_standby()
    return seconds


async def _each(events: list[asyncio.Event]) -> None:
    """Wait until each of the events happens from now on."""
    for event in events:
        event.clear()
    async with asyncio.timeout(120):
        for event in events:
            await event.wait()


async def _check(engine: Database, clients: list[Client]) -> None:
    """Check that each change is there once, its events in their order, and that all invariants hold."""
    done = {name for client in clients for name in client.done}
    events = select(outbox.c.group_definition_id, outbox.c.envelope).order_by(*EVENT_ORDER)
    async with engine.connect() as connection:
        groups = (await connection.execute(select(group_definitions.c.name, group_definitions.c.id))).all()
        seats = (await connection.execute(select(enrollments.c.group_definition_id))).scalars().all()
        ordered = (await connection.execute(events)).all()
    assert len(groups) == len(done)
    assert {name for name, _ in groups} == done
    for _, group in groups:
        assert seats.count(group) == PATIENTS
        patients = [envelope["payload"]["patient_id"] for of_group, envelope in ordered if of_group == group]
        assert patients == [f"patient-{number}" for number in range(1, PATIENTS + 1)]
    await assert_invariants(engine)

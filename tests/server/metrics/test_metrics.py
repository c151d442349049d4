"""GET /metrics in one process: who may read it, what is counted, and that clients cannot add labels."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.connections.engine import Database, create_engine
from db.sql.statement import Statement
from db.stores.groups import lock_group
from db.transactions.retries import transact
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work
from resolvers.context import Clinic
from server.app import Monitoring
from server.metrics.metrics import Metrics
from server.metrics.sampling import sample
from server.runtime.retries import Retries
from tests.support.api_client import ORGANIZATION, ApiClients, bearer, clients_of, http_client, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.receiver import Receiver, always
from tests.support.relaying import record, relays, webhook
from tests.support.scraping import METRICS_TOKEN, scrape

pytestmark = pytest.mark.anyio
CONFLICT = Statement(text("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'; END $$"))
GROUP = uuid.UUID(int=1)
OUTCOMES = ("delivered", "parked", "retried")
LONG_BACKOFF = Retries(attempts=9, first_backoff=600, max_backoff=600)


@pytest.fixture
def monitoring() -> Monitoring:
    return Monitoring(Metrics(), METRICS_TOKEN)


@pytest.fixture
async def measured(clinic: Clinic, monitoring: Monitoring) -> AsyncIterator[ApiClients]:
    """A factory of clients of an app with metrics."""
    async with clients_of(make_app(clinic, monitoring=monitoring)) as clients:
        yield clients


async def test_metrics_exist_only_with_their_own_token(app_client: ApiClients, measured: ApiClients) -> None:
    token = f"Bearer {METRICS_TOKEN}"
    assert (await (await app_client.signed_in_as(token)).http.get("/metrics")).status_code == 404
    for authorization in (None, "Bearer ", bearer(), METRICS_TOKEN, token[:-1], f"{token}é"):
        headers = [] if authorization is None else [(b"Authorization", authorization.encode())]
        refused = await (await measured.signed_in_as(None)).http.get("/metrics", headers=headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "group_sessions_" not in refused.text
    accepted = await (await measured.signed_in_as(token)).http.get("/metrics")
    assert (accepted.status_code, accepted.headers["Cache-Control"]) == (200, "no-store")


async def test_requests_are_counted_by_operation_and_outcome(measured: ApiClients) -> None:
    client = await measured()
    await client.execute(
        "query Any { ...Root } fragment Root on Query { groups: groupDefinitions { edges { cursor } } }"
    )
    await client.send("{ groupDefinitions(first: 0) { edges { cursor } } }")
    await client.send("mutation { unknown }")
    await (await measured(permissions=[])).send("{ groupDefinitions { edges { cursor } } }")
    await (await measured.signed_in_as("Bearer a.b.c")).send("{ __typename }")
    metrics = await scrape(client.http)
    lists = "query groupDefinitions"
    assert {
        outcome: metrics.value("requests_total", operation=lists, outcome=outcome)
        for outcome in metrics.labels("requests_total", "outcome")
    } == {"ok": 1, "BAD_USER_INPUT": 1, "FORBIDDEN": 1, "GRAPHQL_VALIDATION_FAILED": 0, "UNAUTHENTICATED": 0}
    assert metrics.value("requests_total", operation="POST /graphql", outcome="GRAPHQL_VALIDATION_FAILED") == 1
    assert metrics.value("requests_total", operation="POST /graphql", outcome="UNAUTHENTICATED") == 1
    assert metrics.value("request_duration_seconds_count", operation=lists) == 3
    assert metrics.value("statements_total", operation=lists) >= 1
    assert metrics.value("statement_seconds_total", operation=lists) > 0
    assert metrics.value("database_up") == 1


async def test_no_client_adds_labels(measured: ApiClients) -> None:
    client = await measured()

    async def send_all(name: str) -> None:
        await client.send(f"query {name} {{ {name}: __typename }}", operation_name=name)
        await client.send(f"{{ {name} }}")
        await client.http.get(f"/{name}/{name}")
        await client.http.get(f"/export/{name}")
        await client.http.request(name.upper(), "/graphql")
        await client.http.get("/ready", headers={"X-Request-ID": name, "traceparent": name})

    await send_all("marguerite")
    series = (await scrape(client.http)).samples.keys()
    before = (await scrape(client.http)).samples.keys()
    assert before - series == {
        (name, labels)
        for name, labels in before
        if ("operation", "GET /metrics") in labels  # of the first scrape
    }
    await send_all("zyx")
    after = (await scrape(client.http)).samples.keys()
    assert after == before
    assert "zyx" not in str(after).lower()
    assert "marguerite" not in str(after).lower()


async def test_waits_for_locks_and_retries_are_measured(
    engine: Database, clinic: Clinic, measured: ApiClients, database_kind: str
) -> None:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "First", organization=ORGANIZATION)
    actor = Actor("user-1", ORGANIZATION, "request-1")
    inside, release, runs = asyncio.Event(), asyncio.Event(), [0]

    async def hold(work: UnitOfWork) -> None:
        await lock_group(work, group)
        inside.set()
        await release.wait()

    async def conflict_once(work: UnitOfWork) -> None:
        runs[0] += 1
        await lock_group(work, group)
        if runs[0] == 2 and database_kind == "postgresql":  # the first run had to queue
            await work.store(CONFLICT, [{}])

    holder = asyncio.create_task(transact(engine, clinic.lock_queue, actor, clinic.clock, clinic.new_id, hold))
    await inside.wait()
    waiter = asyncio.create_task(transact(engine, clinic.lock_queue, actor, clinic.clock, clinic.new_id, conflict_once))
    async with asyncio.timeout(30):
        while not any(clinic.lock_queue._queues.values()):  # noqa: ASYNC110 - the queue sets no event
            await asyncio.sleep(0.01)
    release.set()
    await asyncio.gather(holder, waiter)
    metrics = await scrape((await measured()).http)
    assert metrics.value("lock_wait_seconds_count", place="process") == 1
    assert metrics.value("lock_wait_seconds_sum", place="process") > 0
    on_postgresql = database_kind == "postgresql"
    assert metrics.value("lock_wait_seconds_count", place="database") == (3 if on_postgresql else 0)
    assert metrics.value("transaction_retries_total", cause="conflict") == (1 if on_postgresql else 0)


async def test_pools_streams_and_workers_are_sampled(
    engine: Database, clinic: Clinic, monitoring: Monitoring, measured: ApiClients, database_kind: str
) -> None:
    actor = Actor("user-1", ORGANIZATION, "request-1")
    async with unit_of_work(engine, actor, clinic.clock, clinic.new_id):
        sample(monitoring.metrics, engine, lambda: 7)
        metrics = await scrape((await measured()).http)
    assert metrics.value("pool_connections", pool="write", state="in_use") == 1
    assert metrics.value("pool_limit", pool="write") == (10 if database_kind == "postgresql" else 20)
    assert metrics.labels("pool_limit", "pool") == ({"read", "write"} if database_kind == "postgresql" else {"write"})
    assert (metrics.value("open_streams"), metrics.value("workers")) == (7, 1)


async def test_the_relay_s_lag_and_parked_events_are_reported(
    engine: Database, clinic: Clinic, monitoring: Monitoring, receiver: Receiver
) -> None:
    receiver.respond = always(400)
    await record(engine, [GROUP])
    count_attempt = monitoring.metrics.count_attempt
    async with relays(engine, webhook(receiver), count_attempt=count_attempt) as relay:
        await receiver.received(1)
    async with http_client(make_app(clinic, monitoring=monitoring, relay=relay)) as http:
        idle = await scrape(http)
        assert (idle.value("parked_events", sink="webhook"), idle.value("relay_lag_seconds", sink="webhook")) == (1, 0)
        await record(engine, [GROUP])  # an event of the first of January, and nobody delivers it
        late = await scrape(http)
    assert late.value("relay_lag_seconds", sink="webhook") > timedelta(days=1).total_seconds()
    receiver.respond = always(503)
    async with relays(engine, webhook(receiver, LONG_BACKOFF), count_attempt=count_attempt):
        await receiver.received(2)
    async with http_client(make_app(clinic, monitoring=monitoring, relay=relay)) as http:
        waiting = await scrape(http)
    attempts = {outcome: waiting.value("relay_attempts_total", sink="webhook", outcome=outcome) for outcome in OUTCOMES}
    assert attempts == {"delivered": 0, "parked": 1, "retried": 1}
    assert waiting.value("relay_waiting_groups", sink="webhook") == 1
    assert waiting.value("relay_lag_seconds", sink="webhook") > timedelta(days=1).total_seconds()


async def test_metrics_remain_readable_without_the_database(monitoring: Monitoring) -> None:
    engine = create_engine("postgresql://nobody:x@127.0.0.1:1/none")
    async with http_client(make_app(make_clinic(engine), monitoring=monitoring)) as http:
        assert (await http.get("/health")).status_code == 200
        metrics = await scrape(http)
    assert metrics.value("database_up") == 0
    assert ("group_sessions_database_up", frozenset[tuple[str, str]]()) in metrics.samples
    assert metrics.value("requests_total", operation="GET /health", outcome="ok") == 1
    assert "group_sessions_parked_events" not in metrics.names()
    await engine.dispose()

"""GET /health and GET /ready. Orchestrators and load balancers request them without a token."""

import asyncio
import contextlib

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool
from starlette.applications import Starlette

from db.connections.engine import Database, Pooling, create_engine
from db.connections.faults import FaultKind
from db.migrations.migrate import migrate
from db.migrations.schema_version import VERSION_TABLE
from server.runtime.ready_database import INCOMPLETE_CATALOG
from tests.support.api_client import ApiClients, http_client, make_app, make_clinic
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stranger(app_client: ApiClients) -> httpx.AsyncClient:
    return (await app_client.signed_in_as(None)).http


async def test_a_migrated_database_makes_the_server_ready(stranger: httpx.AsyncClient) -> None:
    for path, body in (("/health", {"status": "ok"}), ("/ready", {"status": "ready"})):
        response = await stranger.get(path)
        assert (response.status_code, response.json()) == (200, body)
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert (await stranger.post(path)).status_code == 405


async def test_a_server_without_a_schema_is_not_ready_and_names_the_command(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    app = make_app(make_clinic(engine))
    async with http_client(app) as http:
        response = await http.get("/ready")
        assert response.status_code == 503
        assert response.json()["status"] == "not ready"
        assert "group-sessions migrate" in response.json()["reason"]
        assert (await http.get("/health")).status_code == 200
    await engine.dispose()


_DAMAGING_STATEMENT = {
    "sqlite": "DROP TRIGGER pm_group_audit_log_refuses_update",
    "postgresql": "DROP POLICY pm_group_patients_of_organization ON pm_group_patients",
}


async def test_a_server_with_an_incomplete_catalog_is_not_ready_until_migrate(
    stranger: httpx.AsyncClient, engine: Database, database_kind: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(_DAMAGING_STATEMENT[database_kind]))
    for _ in range(2):
        response = await stranger.get("/ready")
        assert (response.status_code, response.json()["reason"]) == (503, INCOMPLETE_CATALOG)
    await migrate(operator_of(engine))
    assert (await stranger.get("/ready")).status_code == 200


async def test_a_newer_schema_is_ready_whatever_its_catalog_contains(
    stranger: httpx.AsyncClient, engine: Database, database_kind: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(_DAMAGING_STATEMENT[database_kind]))
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    assert (await stranger.get("/ready")).status_code == 200


@pytest.mark.parametrize(("revision", "status"), [("0001", 503), ("9999", 200)])
async def test_an_older_schema_is_not_ready_and_a_newer_one_is(
    stranger: httpx.AsyncClient, engine: Database, revision: str, status: int
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = :revision"), {"revision": revision})
    assert (await stranger.get("/ready")).status_code == status


async def test_simultaneous_readiness_requests_share_one_check(app: Starlette) -> None:
    checks = 0

    def count(*_: object) -> None:
        nonlocal checks
        checks += 1

    event.listen(Pool, "checkout", count)
    try:
        async with http_client(app) as http:
            responses = await asyncio.gather(*(http.get("/ready") for _ in range(50)))
    finally:
        event.remove(Pool, "checkout", count)
    assert {response.status_code for response in responses} == {200}
    assert checks == 1


async def test_a_server_with_all_connections_in_use_is_busy(database_url: str, database_kind: str) -> None:
    engine = create_engine(database_url, Pooling(1, 1))
    app = make_app(make_clinic(engine))
    async with http_client(app) as http:
        async with contextlib.AsyncExitStack() as connections, asyncio.timeout(30):
            for _ in range(2 if database_kind == "sqlite" else 1):  # PostgreSQL has a separate connection for reads
                await connections.enter_async_context(engine.connect())
            response = await http.get("/ready")
            assert (response.status_code, response.json()["reason"]) == (503, FaultKind.QUEUE_FULL.reason)
        assert (await http.get("/ready")).status_code == 200
    await engine.dispose()

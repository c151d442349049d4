"""The read pool: each connection reads one organization at a time, cannot write, and is never leaked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from db.connections.engine import Database, Pooling, create_engine
from db.connections.faults import Busy, FaultKind, classify_fault
from db.connections.read_pool import ConfinedReadPool, PooledDriver
from db.connections.roles import Role, confine_session
from db.sql.lookups import Lookup, LookupSet
from db.sql.statement import Statement
from db.tables import group_definitions, patients
from db.transactions.snapshots import look_up, snapshot
from tests.support.clinic import OURS, THEIRS, seed

pytestmark = pytest.mark.anyio

_ORGANIZATIONS = Statement(select(patients.c.organization_id).distinct())
_BACKEND_PID = Statement(select(func.pg_backend_pid()))
_FOREVER = Statement(select(func.pg_sleep(60)))


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite reads with the engine's own pool."""
    return "postgresql"


@pytest.fixture
async def single(database_url: str, engine: Database) -> AsyncIterator[Database]:
    """Return an engine with a single read connection, and seed two organizations."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    database = create_engine(database_url, Pooling(1, 1))
    yield database
    await database.dispose()


@asynccontextmanager
async def acquired(database: Database, organization: str = OURS) -> AsyncIterator[PooledDriver]:
    driver = await database.read_pool.acquire(organization)
    try:
        yield driver
    finally:
        await database.read_pool.release(driver, reusable=True)


async def visible_organizations(database: Database, organization: str) -> set[str]:
    async with acquired(database, organization) as driver:
        return {row[0] for row in await driver.fetch(_ORGANIZATIONS, {})}


async def backend_pid(database: Database) -> int:
    async with acquired(database) as driver:
        return int((await driver.fetch(_BACKEND_PID, {}))[0][0])


async def test_one_connection_serves_one_organization_at_a_time(single: Database) -> None:
    first = await backend_pid(single)
    for organization in (OURS, THEIRS, THEIRS, OURS, "nobody's", OURS, "o'brien \\ \u00fc"):
        assert await visible_organizations(single, organization) == {organization} & {OURS, THEIRS}
    assert await backend_pid(single) == first


async def test_an_organization_gets_its_own_idle_connection_again(database_url: str) -> None:
    several = create_engine(database_url, Pooling(3, 3))
    pids = {}
    async with AsyncExitStack() as stack:
        for organization in (OURS, THEIRS, "others"):
            driver = await stack.enter_async_context(acquired(several, organization))
            pids[organization] = (await driver.fetch(_BACKEND_PID, {}))[0][0]
    for organization in ("others", OURS, THEIRS, OURS):
        async with acquired(several, organization) as driver:
            assert (await driver.fetch(_BACKEND_PID, {}))[0][0] == pids[organization]
    await several.dispose()


async def test_the_pool_never_exceeds_its_size(database_url: str, engine: Database) -> None:
    few = create_engine(database_url, Pooling(3, 3))
    most = 0
    count = text("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")

    async def read(number: int) -> None:
        nonlocal most
        async with acquired(few, f"organization {number % 7}") as driver:
            await driver.fetch(_BACKEND_PID, {})
            async with engine.connect() as connection:
                most = max(most, int(await connection.scalar(count) or 0))

    async with AsyncExitStack() as stack:  # the engine's own connections are open before
        for _ in range(3):
            await stack.enter_async_context(engine.connect())
    await asyncio.gather(*(read(number) for number in range(60)))
    await few.dispose()
    assert 3 <= most <= 3 + 2


async def test_a_read_session_has_its_role_and_timeouts_and_cannot_write(single: Database) -> None:
    for organization in (OURS, THEIRS):
        async with acquired(single, organization) as driver:
            settings = await driver.connection.fetchrow(
                "SELECT current_user, current_setting('statement_timeout'), current_setting('lock_timeout'),"
                " current_setting('idle_in_transaction_session_timeout')"
            )
            assert tuple(settings) == (Role.SERVER, "10s", "3s", "1min")
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await driver.connection.execute("UPDATE pm_group_definitions SET name = 'other'")


async def test_a_failed_statement_leaves_its_connection_usable(single: Database) -> None:
    first = await backend_pid(single)
    refused = Lookup(Statement(text("SELECT 1 FROM nowhere WHERE :id = 1")), "id", {}, list, of_one_row=False)
    for _ in range(3):
        with pytest.raises(DBAPIError, match="nowhere"):
            await look_up(single, THEIRS, LookupSet([refused]), 1)
        with pytest.raises(DBAPIError, match="nowhere"):
            async with snapshot(single, THEIRS) as opened:
                await opened.find(refused, 1)
        assert await visible_organizations(single, OURS) == {OURS}
    assert await backend_pid(single) == first


async def test_a_cancelled_statement_does_not_affect_the_next_reader(single: Database) -> None:
    slow = Lookup(_FOREVER, "id", {}, list, of_one_row=False)

    async def in_a_snapshot() -> None:
        async with snapshot(single, THEIRS) as opened:
            await opened.find(slow, 1)

    for reading in (look_up(single, THEIRS, LookupSet([slow]), 1), in_a_snapshot()):
        task = asyncio.create_task(reading)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(task, 0.2)
        async with asyncio.timeout(10):
            assert await visible_organizations(single, OURS) == {OURS}


async def test_cancelled_confining_leaves_no_half_confined_connection(
    single: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly = lambda organization: f"{confine_session(organization)}, pg_sleep(60)"  # noqa: E731
    monkeypatch.setattr("db.connections.read_pool.confine_session", slowly)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(visible_organizations(single, THEIRS), 0.2)
    monkeypatch.undo()
    async with asyncio.timeout(10):
        assert await visible_organizations(single, OURS) == {OURS}


async def test_a_full_pool_waits_and_then_raises_busy(single: Database, database_url: str) -> None:
    async with acquired(single):
        waiting = asyncio.create_task(visible_organizations(single, THEIRS))
        await asyncio.sleep(0)
    assert await waiting == {THEIRS}
    impatient = create_engine(database_url, Pooling(1, 1), pool_timeout=0.05)
    async with acquired(impatient):
        for _ in range(3):
            with pytest.raises(Busy):
                await visible_organizations(impatient, OURS)
    assert await visible_organizations(impatient, OURS) == {OURS}
    await impatient.dispose()


async def test_a_failed_connect_frees_its_slot() -> None:
    unreachable = create_engine("postgresql://nobody@127.0.0.1:1/nowhere", Pooling(1, 1), pool_timeout=0.05)
    for _ in range(3):
        with pytest.raises(OSError) as refused:  # noqa: PT011 - the message depends on the system
            await visible_organizations(unreachable, OURS)
        assert classify_fault(refused.value) is FaultKind.NOT_ACCEPTING
    await unreachable.dispose()


async def test_terminated_connections_are_replaced(single: Database, engine: Database) -> None:
    for organization in (OURS, THEIRS, OURS):
        pid = await backend_pid(single)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with suppress(DBAPIError):  # fails once if the event loop has not noticed yet
            await visible_organizations(single, organization)
        assert await visible_organizations(single, organization) == {organization}


async def test_disposing_of_the_engine_closes_every_connection(database_url: str, engine: Database) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def wait_for(count: int) -> None:
        async with asyncio.timeout(10), engine.connect() as connection:
            while await connection.scalar(others) != count:
                pass  # PostgreSQL takes a moment to end a session

    database = create_engine(database_url, Pooling(3, 3))
    assert isinstance(database.read_pool, ConfinedReadPool)
    async with acquired(database):
        async with acquired(database):
            pass
        await wait_for(2)
        await database.dispose()
        await wait_for(1)
    await wait_for(0)
    async with acquired(database) as driver:  # the pool works again, as SQLAlchemy's does
        assert await driver.fetch(Statement(select(func.count()).select_from(group_definitions)), {})
    await database.dispose()

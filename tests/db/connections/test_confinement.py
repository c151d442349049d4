"""Each read checks that its session is confined. A probe at the start detects poolers that mix sessions."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from db.connections.confinement_probe import confinement_holds
from db.connections.engine import Database, Pooling, PoolMode, create_engine
from db.connections.faults import FaultKind, classify_fault
from db.connections.read_pool import ConfinedReadPool
from db.sql.statement import Statement
from db.tables import patients
from db.transactions.snapshots import snapshot
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.pgbouncer import needs_pgbouncer, pgbouncer

pytestmark = pytest.mark.anyio

_PATIENTS = Statement(select(patients.c.organization_id))


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite has no sessions to confine."""
    return "postgresql"


@pytest.mark.parametrize(
    "change",
    [
        f"SELECT set_config('group_sessions.organization_id', '{THEIRS}', false)",
        "RESET group_sessions.organization_id",
        "RESET ROLE",
    ],
)
async def test_a_read_fails_unless_its_session_is_confined(engine: Database, change: str) -> None:
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    driver = await engine.read_pool.acquire(OURS)
    try:
        assert {row[0] for row in await driver.fetch(_PATIENTS, {})} == {OURS}
        await driver.connection.execute(change)
        with pytest.raises(DBAPIError, match="not confined") as refused:
            await driver.fetch(_PATIENTS, {})
        assert classify_fault(refused.value) is FaultKind.NOT_CONFINED
    finally:
        await engine.read_pool.release(driver, reusable=False)


async def test_a_connection_with_a_changed_session_is_not_reused(engine: Database) -> None:
    await seed(engine, OURS)
    driver = await engine.read_pool.acquire(OURS)
    await driver.connection.execute("RESET ROLE")
    await engine.read_pool.release(driver, reusable=True)
    with pytest.raises(DBAPIError, match="not confined"):
        async with snapshot(engine, OURS) as reading:
            await reading.fetch(_PATIENTS, {})
    async with snapshot(engine, OURS) as reading:
        assert reading.driver is not driver
        assert await reading.fetch(_PATIENTS, {})


async def test_confinement_holds_without_a_pooler(database_url: str) -> None:
    assert await _holds(database_url)


@needs_pgbouncer
@pytest.mark.parametrize(
    ("pool_mode", "setting", "holds"),
    [
        ("session", "session", True),
        ("session", "transaction", True),
        ("transaction", "session", False),
        ("transaction", "transaction", True),
        ("statement", "session", False),
        ("statement", "transaction", False),
    ],
)
async def test_the_probe_detects_a_pooler_that_mixes_sessions(
    database_url: str, pool_mode: str, setting: PoolMode, holds: bool
) -> None:
    async with pgbouncer(database_url, pool_mode) as through:
        assert await _holds(through, setting) is holds


@needs_pgbouncer
async def test_the_probe_gives_up_waiting_for_sessions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.connections.confinement_probe.PROBE_SECONDS", 0.5)
    async with pgbouncer(database_url, "transaction", sessions=2) as through:
        with pytest.raises(TimeoutError):
            await _holds(through, "transaction")


async def _holds(database_url: str, setting: PoolMode = "session") -> bool:
    database = create_engine(database_url, Pooling(mode=setting))
    assert isinstance(database.read_pool, ConfinedReadPool)
    try:
        return await confinement_holds(database.read_pool)
    finally:
        await database.dispose()

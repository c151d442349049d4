"""Each read checks that its session is confined. A probe at the start detects poolers that mix sessions."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from db.connections.confinement_probe import confinement_holds
from db.connections.engine import Database, create_engine
from db.connections.faults import FaultKind, classify_fault
from db.connections.read_pool import ConfinedReadPool
from db.sql.statement import Statement
from db.tables import patients
from db.transactions.snapshots import snapshot
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.pgbouncer import PROGRAM, pgbouncer

pytestmark = pytest.mark.anyio
needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (Debian: pgbouncer)")

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
@pytest.mark.parametrize(("pool_mode", "holds"), [("session", True), ("transaction", False)])
async def test_the_probe_detects_an_idle_pooler_of_transactions(database_url: str, pool_mode: str, holds: bool) -> None:
    async with pgbouncer(database_url, pool_mode) as through:
        assert await _holds(through) is holds


async def _holds(database_url: str) -> bool:
    database = create_engine(database_url)
    assert isinstance(database.read_pool, ConfinedReadPool)
    try:
        return await confinement_holds(database.read_pool.engine)
    finally:
        await database.dispose()

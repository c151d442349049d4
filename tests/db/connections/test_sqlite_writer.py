"""SQLite has one writer at a time. A cancelled writer releases the lock."""

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from db.connections.engine import Database
from db.connections.roles import Role
from db.transactions.all_organizations import writing_all

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["sqlite"])]

_ADD = text("INSERT INTO pm_group_relay_sinks VALUES ('a', 0, 0), ('b', 0, 0)")
_CHANGE = text("UPDATE pm_group_relay_sinks SET sequence = 1 RETURNING sink")
"""With RETURNING, SQLite finishes the statement only after its rows were read."""


@pytest.fixture
def without_garbage_collection() -> Iterator[None]:
    """Keep garbage, as in a process that seldom collects it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_garbage_collection")
async def test_a_cancelled_write_releases_the_lock(database_kind: str, engine: Database, tmp_path: Path) -> None:
    async def write() -> None:
        async with writing_all(engine, Role.BACKGROUND) as connection:
            await connection.execute(_ADD)
            await connection.execute(_CHANGE)
            await asyncio.Event().wait()

    other = sqlite3.connect(tmp_path / "test.db", timeout=5, isolation_level=None)
    for iterations in range(60):  # iterations of the event loop before the cancellation
        task = asyncio.create_task(write())
        for _ in range(iterations):
            await asyncio.sleep(0 if iterations % 3 else 0.0001)
        task.cancel()
        await asyncio.wait([task])
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as refusal:
            pytest.fail(f"{refusal} after {iterations} iterations")
        assert other.execute("SELECT count(*) FROM pm_group_relay_sinks").fetchone() == (0,)
        other.execute("ROLLBACK")
    other.close()

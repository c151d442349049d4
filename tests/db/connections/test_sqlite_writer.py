"""SQLite has one writer at a time: one that is cancelled makes room for the next."""

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
"""RETURNING: the statement is not done with until its rows are read."""


@pytest.fixture
def without_garbage_collection() -> Iterator[None]:
    """What is left behind stays, as it does in a process that seldom collects."""
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
    for turns in range(60):  # of the event loop, until the cancellation
        task = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0 if turns % 3 else 0.0001)
        task.cancel()
        await asyncio.wait([task])
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as refusal:
            pytest.fail(f"{refusal} after {turns} turns")
        assert other.execute("SELECT count(*) FROM pm_group_relay_sinks").fetchone() == (0,)
        other.execute("ROLLBACK")
    other.close()

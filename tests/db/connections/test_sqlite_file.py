"""The database file of SQLite: private to its user, because it contains patients' records, and closed when unused."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.connections.engine import create_engine
from db.connections.sqlite_file import connect
from db.migrations.migrate import migrate

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def common_umask() -> Iterator[None]:
    umask = os.umask(0o022)
    yield
    os.umask(umask)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_the_file_its_companions_and_new_folders_are_private(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    folder = shared / "new" / "var"
    engine = create_engine(f"sqlite:///{folder / 'clinic.db'}")
    await migrate(engine)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1 FROM pm_group_patients"))
        assert modes(folder) == dict.fromkeys(("clinic.db", "clinic.db-wal", "clinic.db-shm"), 0o600)
    assert modes(folder.parent) == {"var": 0o700}
    assert modes(shared) == {"new": 0o700}
    assert modes(tmp_path) == {"shared": 0o755}
    await engine.dispose()


async def test_an_existing_file_becomes_private_but_not_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    for name in ("clinic.db", "clinic.db-wal"):
        (folder / name).touch(mode=0o644)
    engine = create_engine(f"sqlite:///{folder / 'clinic.db'}")
    await migrate(engine)
    async with engine.connect():
        assert set(modes(folder).values()) == {0o600}
    assert modes(tmp_path) == {"shared": 0o755}
    await engine.dispose()


async def test_a_missing_file_is_not_created_unless_allowed(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'clinic.db'}", may_create=False)
    with pytest.raises(FileNotFoundError):
        async with engine.connect():
            pass
    assert modes(tmp_path) == {}
    await engine.dispose()


async def test_a_connection_whose_opening_is_cancelled_is_closed(tmp_path: Path) -> None:
    opening, cancelled, closed = threading.Event(), threading.Event(), threading.Event()

    class SlowConnection(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            opening.set()
            cancelled.wait(10)
            super().__init__(*arguments, **options)

        def close(self) -> None:
            super().close()
            closed.set()

    async def open_slowly() -> None:
        await connect(tmp_path / "clinic.db", factory=SlowConnection)

    task = asyncio.create_task(open_slowly())
    assert await asyncio.to_thread(opening.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    cancelled.set()
    assert await asyncio.to_thread(closed.wait, 10)


async def test_a_new_file_that_another_process_has_locked_is_awaited(tmp_path: Path) -> None:
    path = tmp_path / "clinic.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as a process that creates the file at the same time
    asyncio.get_running_loop().call_later(0.05, other.execute, "COMMIT")
    engine = create_engine(f"sqlite:///{path}")
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
    await engine.dispose()
    other.close()

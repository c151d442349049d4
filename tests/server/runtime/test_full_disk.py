"""A full disk is reported in the log and by /ready. Clients retry later, and no change is stored in part."""

import asyncio
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.faults import FaultKind
from server.runtime.logs import JsonLines
from tests.server.runtime.test_outage import Running, assert_available, assert_unavailable, enrolled, running
from tests.support.databases import administer

pytestmark = pytest.mark.anyio

FUNCTION = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END$$
"""
TRIGGER = "CREATE TRIGGER full_disk BEFORE INSERT ON pm_group_audit_log FOR EACH ROW EXECUTE FUNCTION full_disk()"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "size=4m"):
        yield disk


async def enroll_until_refused(server: Running) -> httpx.Response:
    for number in range(2, 8):
        response = await server.enroll(f"patient-{number}")
        if response.status_code != 200:
            return response
    raise AssertionError("the disk is not full")


async def assert_reported(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    refused = await enroll_until_refused(server)
    assert_unavailable(refused)
    assert "was not done" in refused.json()["errors"][0]["message"]
    ready = await server.ready()
    assert (ready.status_code, ready.json()["reason"]) == (503, FaultKind.DISK_FULL.reason)
    assert (await server.query_groups()).json()["data"]["groupDefinitions"]["nodes"]  # queries still work
    lines = [JsonLines().format(record) for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(
        '"message":"the database is busy or unavailable"' in line and '"cause":"disk_full"' in line for line in lines
    )


async def test_a_full_disk_with_sqlite_is_reported_until_there_is_space(
    small_disk: Path, sqlite_template: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, ballast = small_disk / "clinic.db", small_disk / "ballast"
    shutil.copyfile(sqlite_template, path)
    async with running(f"sqlite:///{path}") as server:
        await assert_available(server, "patient-1")
        fill(ballast)
        await assert_reported(server, caplog)
        stored, events = await enrolled(server.engine)
        assert stored == events
        ballast.unlink()
        await assert_available(server, "patient-8")
        assert await enrolled(server.engine) == [stored + 1, events + 1]


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


@pytest.fixture
def small_tablespace(administrator_url: str) -> Iterator[Path]:
    """Put PostgreSQL's history table on a file system of one megabyte, where almost every row needs a new page."""
    disk = Path(tempfile.mkdtemp(prefix="disk-"))  # PostgreSQL's user may not read pytest's own folder
    disk.chmod(0o755)
    name, history = f"small_{uuid7().hex}", "ALTER TABLE pm_group_audit_log"
    with mounted(disk, "size=1m,mode=0777"):
        folder = disk / "tablespace"
        folder.mkdir()
        shutil.chown(folder, "pgserver")  # the user that a server started by root runs as
        asyncio.run(
            administer(
                administrator_url,
                f"CREATE TABLESPACE {name} LOCATION '{folder}'",
                f"{history} SET (fillfactor = 10)",
                f"{history} SET TABLESPACE {name}",
            )
        )
        yield disk
        asyncio.run(administer(administrator_url, f"{history} SET TABLESPACE pg_default", f"DROP TABLESPACE {name}"))
    disk.rmdir()


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="requires the PostgreSQL that the tests start")
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_full_disk_with_postgresql_is_reported_until_there_is_space(
    engine: Database, database_url: str, small_tablespace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small_tablespace / "ballast"
    async with running(database_url, engine) as server:
        await assert_available(server, "patient-1")
        fill(ballast)
        await assert_reported(server, caplog)
        stored, events = await enrolled(engine)
        assert stored == events
        ballast.unlink()
        await assert_available(server, "patient-8")
        assert await enrolled(engine) == [stored + 1, events + 1]


@asynccontextmanager
async def full_postgresql(administrator_url: str) -> AsyncIterator[None]:
    """Make PostgreSQL raise the error of a full disk."""
    administrator = create_engine(administrator_url)
    async with administrator.begin() as connection:
        await connection.execute(text(FUNCTION))
        await connection.execute(text(TRIGGER))
    yield
    async with administrator.begin() as connection:
        await connection.execute(text("DROP FUNCTION full_disk CASCADE"))
    await administrator.dispose()


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_the_disk_full_error_of_postgresql_is_reported(
    engine: Database, database_url: str, administrator_url: str, database_kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(database_url, engine) as server:
        await assert_available(server, "patient-1")
        async with full_postgresql(administrator_url):
            await assert_reported(server, caplog)
            assert await enrolled(engine) == [1, 1]
        await assert_available(server, "patient-8")

"""A base backup and the archived WAL restore the database as of any moment, as docs/operations.md describes it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.deploy.files import PATRONI, document
from tests.support.clinic import make_group, seed
from tests.support.commands import run
from tests.support.databases import OWNER, SERVER, TestedDatabase, administer, make_logins, with_login
from tests.support.postgres_programs import programs

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]


class Machine:
    """A folder in which PostgreSQL's programs run as the user that owns it; root may not run PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._user = "pgserver" if os.getuid() == 0 else None  # the test's PostgreSQL creates it
        if self._user is not None:
            shutil.chown(folder, self._user)

    def run(self, program: str, *arguments: str | Path) -> None:
        home = pwd.getpwnam(self._user).pw_dir if self._user else str(self.folder)
        subprocess.run(
            [programs() / program, *arguments],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self.folder,
            env={"HOME": home, "PATH": os.environ["PATH"]},
            timeout=60,
        )

    def start(self, data: Path) -> str:
        """Start PostgreSQL on this data, and return the superuser's URL."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        # Not into a pipe, which the server would keep open.
        self.run("pg_ctl", "start", "--wait", "-D", data, "-l", self.folder / "log", "-o", options)
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def make(self, path: Path) -> None:
        """Create a folder, or an empty file if the name has an extension."""
        path.touch() if path.suffix else path.mkdir()
        if self._user is not None:
            shutil.chown(path, self._user)

    def stop(self, data: Path) -> None:
        self.run("pg_ctl", "stop", "--wait", "--mode=fast", "-D", data)


@pytest.fixture
def machine(postgres_url: str) -> Iterator[Machine]:
    # Not under tmp_path, which only its owner can read.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    yield Machine(folder)
    shutil.rmtree(folder)


async def test_the_database_is_restored_as_of_a_moment(machine: Machine, tmp_path: Path) -> None:
    primary, backup, archive = (machine.folder / name for name in ("primary", "backup", "archive"))
    machine.run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "-D", primary)
    machine.make(archive)
    configure(primary, fsync="off", archive_mode="on", archive_command=archive_command(archive))
    server = machine.start(primary)
    await make_logins(server)
    await administer(server, f"CREATE DATABASE clinic OWNER {OWNER}", "CREATE ROLE replicator LOGIN REPLICATION")
    url = make_url(server).set(database="clinic").render_as_string(hide_password=False)
    assert run("migrate", cwd=tmp_path, DATABASE_URL=with_login(url, OWNER)).returncode == 0
    await change(url, "before the backup")
    machine.run(
        "pg_basebackup", "--checkpoint=fast", "--no-sync", "-h", machine.folder, "-U", "replicator", "-D", backup
    )
    await change(url, "after the backup")
    moment = await value(url, "SELECT clock_timestamp()::text")
    await change(url, "after the moment")
    machine.stop(primary)  # which archives the last WAL, too

    restore_command = f"cp {archive}/%f %p"
    configure(backup, restore_command=restore_command, recovery_target_time=moment, recovery_target_action="promote")
    machine.make(backup / "recovery.signal")
    machine.start(backup)
    while await value(url, "SELECT pg_is_in_recovery()"):
        pass
    names = "SELECT string_agg(name, ', ' ORDER BY name) FROM pm_group_definitions"
    assert await value(url, names) == "after the backup, before the backup"
    checked = run("check", cwd=tmp_path, DATABASE_URL=with_login(url, OWNER))
    assert checked.returncode == 0, checked.stdout
    assert "All invariants hold" in checked.stdout
    assert "groups: 2," in checked.stdout
    await change(url, "after the recovery")
    machine.stop(backup)


def configure(data: Path, **settings: str) -> None:
    """Add settings to PostgreSQL's configuration."""
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{setting}'\n" for name, setting in settings.items())


def archive_command(archive: Path) -> str:
    """Return the command of deploy/patroni for another folder."""
    parameters = document(PATRONI)["bootstrap"]["dcs"]["postgresql"]["parameters"]
    return str(parameters["archive_command"]).replace("/var/lib/postgresql/archive", str(archive))


async def change(url: str, name: str) -> None:
    """Create a group of this name through the server's login, in an organization of its own."""
    engine = TestedDatabase(with_login(url, SERVER), url)
    await seed(engine, name)
    await make_group(engine, name, name=name)
    await engine.dispose()


async def value(url: str, query: str) -> Any:
    """Return the value of a query as the superuser."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()

"""`group-sessions backup` and `restore`, run as programs while servers may be running."""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from db.backups.backup import ABANDONED_SECONDS
from db.connections.engine import Database, create_engine
from tests.support.clinic import make_group, seed
from tests.support.commands import assert_refused, run
from tests.support.databases import OWNER, with_login
from tests.support.invariants import assert_invariants
from tests.support.lively_clinic import lively_clinic
from tests.support.processes import running_command, wait_for_exit
from tests.support.repository import ROOT

pytestmark = pytest.mark.anyio


def backup(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    return run("backup", str(file), cwd=ROOT, DATABASE_URL=url)


def restore(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    return run("restore", str(file), cwd=ROOT, DATABASE_URL=url)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def until_not_empty(folder: Path) -> None:
    while True:
        if names_in(folder):
            return
        await asyncio.sleep(0.05)


async def test_a_clinic_moves_to_another_database_with_two_commands(
    engine: Database, administrator_url: str, target_database_url: str, tmp_path: Path
) -> None:
    await lively_clinic(engine)
    file = tmp_path / "clinic.backup"
    backed_up = backup(with_login(administrator_url, OWNER), file)
    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    assert backed_up.stdout.startswith(f"Backed up to {file}: ")
    assert "(5 groups, 7 sessions, 17 enrollments, 2 closures, 18 patients," in backed_up.stdout
    moved = restore(target_database_url, file)
    assert (moved.returncode, moved.stderr) == (0, "")
    first, *notices, last = moved.stdout.splitlines()
    assert first.startswith(f"Restored {file}, created 20")
    assert all(line.startswith("notice ") for line in notices), notices  # about indexes that could not be checked
    assert last.startswith("All invariants hold. Organizations: 2, groups: 5, sessions: 7, enrollments: 17")
    target = create_engine(target_database_url)
    await make_group(target)
    await assert_invariants(target)
    await target.dispose()
    assert_refused(restore(target_database_url, file), "is not empty")


async def test_an_error_is_one_sentence(engine: Database, administrator_url: str, tmp_path: Path) -> None:
    await seed(engine)
    await make_group(engine)
    file, url = tmp_path / "clinic.backup", with_login(administrator_url, OWNER)
    file.write_text("mine")
    assert_refused(backup(url, file), f"{file} already exists", "Choose another name")
    assert file.read_text() == "mine"
    assert_refused(backup(url, tmp_path / "no" / "such" / "folder"), "No such file or directory")
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    assert_refused(restore(empty, file), f"{file} is", "nothing was restored")
    assert_refused(restore(empty, tmp_path / "absent"), "No such file or directory")


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("inherited", [signal.SIG_DFL, signal.SIG_IGN], ids=["foreground", "background"])
async def test_an_interrupted_backup_leaves_no_file(
    database_kind: str,
    engine: Database,
    owner_url: str,
    tmp_path: Path,
    number: int,
    inherited: signal.Handlers,
) -> None:
    # A shell starts background commands with SIGINT ignored, and processes inherit this.
    before = signal.signal(signal.SIGINT, inherited)
    try:
        await _interrupt_backup(engine, owner_url, tmp_path, number)
    finally:
        signal.signal(signal.SIGINT, before)
    assert names_in(tmp_path) == set()


async def _interrupt_backup(engine: Database, owner_url: str, tmp_path: Path, number: int) -> None:
    async with engine.begin() as connection, asyncio.timeout(40):
        await connection.execute(text("LOCK TABLE pm_group_outbox"))  # the backup waits for it
        async with running_command("backup", "clinic.backup", cwd=tmp_path, DATABASE_URL=owner_url) as started:
            await until_not_empty(tmp_path)
            started.send_signal(number)
            assert await wait_for_exit(started) == (130, "")


async def test_the_file_of_a_killed_backup_is_deleted_by_the_next(
    engine: Database, owner_url: str, tmp_path: Path
) -> None:
    abandoned, fresh, other = (tmp_path / name for name in (f".a.{'0' * 32}.part", f".b.{'1' * 32}.part", ".c.part"))
    for path in (abandoned, fresh, other):
        path.touch()
    long_ago = time.time() - ABANDONED_SECONDS - 60
    for path in (abandoned, other):
        os.utime(path, (long_ago, long_ago))
    assert backup(owner_url, tmp_path / "clinic.backup").returncode == 0
    assert names_in(tmp_path) >= {fresh.name, other.name}
    assert abandoned.name not in names_in(tmp_path)


@pytest.mark.parametrize(
    "command", [("check",), ("backup", "clinic.backup"), ("reads", "--organization", "org-1"), ("events",)]
)
def test_a_command_that_only_reads_creates_no_database(command: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "folder" / "clinic.db"
    done = run(*command, cwd=tmp_path, DATABASE_URL=f"sqlite:///{path}")
    assert_refused(done, f"{path}: there is no database", "migrate")
    assert names_in(tmp_path) == set()

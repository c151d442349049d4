"""`group-sessions backup` and `restore`, run as programs beside a server that is at work."""

import subprocess
from pathlib import Path

import pytest

from db.engine import Database, create_engine
from tests.clinic import make_group, seed
from tests.databases import OWNER, with_login
from tests.invariants import assert_invariants
from tests.lively_clinic import lively_clinic
from tests.server.test_command_line import ROOT, assert_refused, run

pytestmark = pytest.mark.anyio


def backup(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    return run("backup", str(file), cwd=ROOT, DATABASE_URL=url)


def restore(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    return run("restore", str(file), cwd=ROOT, DATABASE_URL=url)


async def test_a_clinic_moves_by_two_commands(
    engine: Database, administrator_url: str, target_database_url: str, tmp_path: Path
) -> None:
    await lively_clinic(engine)
    file = tmp_path / "clinic.backup"
    made = backup(with_login(administrator_url, OWNER), file)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith(f"Backed up to {file}: ")
    assert "(4 groups, 4 sessions, 14 enrollments, 18 patients," in made.stdout
    moved = restore(target_database_url, file)
    assert (moved.returncode, moved.stderr) == (0, "")
    first, second = moved.stdout.splitlines()
    assert first.startswith(f"Restored {file}, made 20")
    assert second.startswith("All invariants hold. Organizations: 2, groups: 4, sessions: 4, enrollments: 14")
    target = create_engine(target_database_url)
    await make_group(target)
    await assert_invariants(target)
    await target.dispose()
    assert_refused(restore(target_database_url, file), "is not empty")


async def test_what_goes_wrong_is_one_sentence(engine: Database, administrator_url: str, tmp_path: Path) -> None:
    await seed(engine)
    await make_group(engine)
    file, url = tmp_path / "clinic.backup", with_login(administrator_url, OWNER)
    file.write_text("mine")
    assert_refused(backup(url, file), f"{file} exists", "choose another name")
    assert file.read_text() == "mine"
    assert_refused(backup(url, tmp_path / "no" / "such" / "folder"), "No such file or directory")
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    assert_refused(backup(empty, tmp_path / "empty.backup"), "migrate")
    assert_refused(restore(empty, file), f"{file} is", "nothing was restored")
    assert_refused(restore(empty, tmp_path / "absent"), "No such file or directory")

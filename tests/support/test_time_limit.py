"""A test that hangs ends at its time limit and prints its stacks. The other tests continue."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.processes import child_environment

HANGING = """
import asyncio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(2)]

@pytest.fixture
def anyio_backend():
    return "asyncio"

async def where_it_stands():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def test_hangs():
    await asyncio.create_task(where_it_stands())

async def test_ends():
    pass
"""

HANGING_ON_POSTGRESQL = """
import asyncio
import pathlib
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(2, func_only=True)]

async def test_hangs(postgres_url):
    pathlib.Path("started").write_text(postgres_url)
    await asyncio.Event().wait()
"""


def run_pytest(folder: Path, tests: str, conftest: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_hanging.py").write_text(tests)
    (folder / "conftest.py").write_text(conftest)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(folder)]
    return subprocess.run(
        command, check=False, cwd=folder, env=child_environment(), capture_output=True, text=True, timeout=50
    )


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_a_test_that_hangs_says_where_and_is_ended(tmp_path: Path, workers: list[str]) -> None:
    run = run_pytest(tmp_path, HANGING, "from tests.support.time_limit import pytest_timeout_set_timer\n", *workers)
    assert run.returncode != 0
    assert "test_hangs has not ended within 2 seconds" in run.stderr
    assert "in where_it_stands" in run.stderr
    assert "in select" in run.stderr  # where its thread stands
    if workers:
        assert "1 failed, 1 passed" in run.stdout


def test_a_test_that_hangs_leaves_no_postgresql_behind(tmp_path: Path) -> None:
    fixtures = "from tests.conftest import anyio_backend, postgres_url, pytest_timeout_set_timer\n"
    run = run_pytest(tmp_path, HANGING_ON_POSTGRESQL, fixtures)
    assert "test_hangs has not ended" in run.stderr
    folder = Path((tmp_path / "started").read_text().partition("host=")[2])
    assert folder.is_absolute()
    for server in psutil.process_iter(["cmdline"]):
        if str(folder) in (server.info["cmdline"] or ()):
            server.wait(30)
    assert not folder.exists()

"""A test that hangs is ended at its time limit: it says where it stands, and the others go on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
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


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_a_test_that_hangs_says_where_and_is_ended(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    (tmp_path / "conftest.py").write_text("from tests.time_limit import pytest_timeout_set_timer\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *workers, str(tmp_path)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50
    )
    assert run.returncode != 0
    assert "test_hangs has not ended within 2 seconds" in run.stderr
    assert "in where_it_stands" in run.stderr
    assert "in select" in run.stderr  # where its thread stands
    if workers:
        assert "1 failed, 1 passed" in run.stdout

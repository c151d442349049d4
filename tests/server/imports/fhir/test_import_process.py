"""The command `import-fhir` as a process: after an interruption it keeps complete batches and can be run again."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from server.imports.importing import BATCH
from tests.server.imports.fhir.resources import ndjson, patient
from tests.support.processes import child_environment


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = child_environment(DATABASE_URL=f"sqlite:///{folder}/test.db")
    return subprocess.Popen(
        [sys.executable, "-m", "server", "import-fhir", "--organization", "org", "--report", "report.json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )


def stored_patients(folder: Path) -> int:
    try:
        with sqlite3.connect(folder / "test.db") as connection:
            return int(connection.execute("SELECT count(*) FROM pm_group_patients").fetchone()[0])
    except sqlite3.OperationalError:  # the table does not exist yet
        return 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_import_keeps_complete_batches(tmp_path: Path, stop: signal.Signals) -> None:
    lines = [patient(id=f"p{number}") for number in range(BATCH + 500)]
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_bytes(ndjson(*lines))
    with command(tmp_path, "pipe") as process, pipe.open("wb", buffering=0) as out:
        out.write(ndjson(*lines))
        deadline = time.monotonic() + 40
        while stored_patients(tmp_path) < BATCH and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(stop)
        # A process that waits for a pipe handles the signal only when the pipe has data.
        with suppress(BrokenPipeError):
            out.write(ndjson(*lines[:200]))
        stdout, _ = process.communicate(timeout=30)
    assert process.returncode == (130 if stop is signal.SIGINT else -stop)
    assert stored_patients(tmp_path) == BATCH
    assert not (tmp_path / "report.json").exists()
    assert ("The import was interrupted." in stdout) is (stop is signal.SIGINT)
    with command(tmp_path, "file") as second:
        _, stderr = second.communicate(timeout=60)
    assert (second.returncode, stderr) == (0, "")
    assert stored_patients(tmp_path) == len(lines)
    assert (tmp_path / "report.json").exists()

"""Commands of the console script, run to their end."""

import subprocess
import sys
from pathlib import Path

from tests.support.processes import child_environment


def run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, and return its exit status and output."""
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env=child_environment(**variables),
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check that the command failed with one line on standard error that contains these words."""
    assert done.returncode != 0
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]

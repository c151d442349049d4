"""Figures of the long tests: one JSON object per line in var/figures.jsonl, and a section of pytest's output."""

import json
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.support.repository import ROOT

FILE: Final = ROOT / "var" / "figures.jsonl"
_START: Final = pytest.StashKey[int]()


def record_figures(test: str, database: str, **figures: float) -> None:
    """Store what a test counted, such as survived kills. Several processes may call this concurrently."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"at": at, "test": test, "database": database, **figures})
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a") as file:
        file.write(f"{line}\n")


def pytest_configure(config: pytest.Config) -> None:
    """Remember where the figures of this run begin."""
    config.stash[_START] = FILE.stat().st_size if FILE.exists() else 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures of this run."""
    if not FILE.exists():
        return
    with FILE.open() as file:
        file.seek(config.stash[_START])
        lines = file.read().splitlines()
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)

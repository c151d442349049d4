"""The report for machines: one JSON object, written as the import goes, and there once it has ended."""

import os
from pathlib import Path
from typing import Any, Final

import orjson

from server.runtime.command_error import CommandError

_START: Final = b'{"problems": ['


class ReportFile:
    """Writes the problems one at a time, so that their number does not matter, and the summary after them."""

    def __init__(self, path: Path) -> None:
        """Start the report beside its place. Raise CommandError where that cannot be written."""
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._separator = _START + b"\n"
        try:
            if path.exists() and not _is_report(path):
                raise CommandError(f"--report {path}: there is a file already that is not a report")
            self._file = self._partial.open("wb")
        except OSError as failure:
            raise CommandError(f"--report {path}: {failure.strerror}") from None

    def add(self, problem: dict[str, Any]) -> None:
        """Write a problem."""
        self._file.write(self._separator + orjson.dumps(problem))
        self._separator = b",\n"

    def finish(self, summary: dict[str, Any]) -> None:
        """Write the summary and put the report in its place."""
        start = b"\n" if self._separator == b",\n" else self._separator
        self._file.write(start + b"], " + orjson.dumps(summary, option=orjson.OPT_NON_STR_KEYS)[1:] + b"\n")
        self._file.close()
        self._partial.replace(self._path)

    def abandon(self) -> None:
        """Leave no report, where the import did not end."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def printable(path: Path) -> str:
    """Return the name of a file as text: bytes of it that are none are shown as question marks."""
    return os.fsencode(path).decode(errors="replace").replace("\N{REPLACEMENT CHARACTER}", "?")


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_START)) == _START

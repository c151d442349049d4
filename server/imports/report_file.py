"""The JSON report: one object, written during the import and moved into place at its end."""

import os
from pathlib import Path
from typing import Any, Final

import orjson

from server.runtime.command_error import CommandError

_START: Final = b'{"problems": ['


class ReportFile:
    """Writes the problems one by one, in constant memory, and then the summary."""

    def __init__(self, path: Path) -> None:
        """Open a partial file next to the path. Raise CommandError if it cannot be written."""
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._separator = _START + b"\n"
        try:
            if path.exists() and not _is_report(path):
                raise CommandError(f"--report {path}: this file exists and is not a report; choose another name")
            self._file = self._partial.open("wb")
        except OSError as error:
            raise CommandError(f"--report {path}: {error.strerror}") from None

    def add(self, problem: dict[str, Any]) -> None:
        """Write a problem."""
        self._file.write(self._separator + orjson.dumps(problem))
        self._separator = b",\n"

    def finish(self, summary: dict[str, Any]) -> None:
        """Write the summary, and move the report into place."""
        start = b"\n" if self._separator == b",\n" else self._separator
        self._file.write(start + b"], " + orjson.dumps(summary, option=orjson.OPT_NON_STR_KEYS)[1:] + b"\n")
        self._file.close()
        self._partial.replace(self._path)

    def abandon(self) -> None:
        """Delete the partial file of an interrupted import."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def printable_path(path: Path) -> str:
    """Return the path as text, with question marks for bytes that are not UTF-8."""
    return os.fsencode(path).decode(errors="replace").replace("\N{REPLACEMENT CHARACTER}", "?")


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_START)) == _START

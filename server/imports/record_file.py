"""What an import needs of a file, whatever its format."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from server.imports.results import Result


@dataclass(frozen=True, slots=True)
class FileResult:
    """The result of mapping one item of a file, with its position.

    Attributes:
        line: The number of the line; None in a document of several lines.
        entry: The number of the Bundle entry; None outside of a Bundle.
        result: The update of a record, or why there is none.
    """

    line: int | None
    entry: int | None
    result: Result


class RecordFile(Protocol):
    """A file of records, or a pipe. It can be read once, in bounded memory."""

    @property
    def path(self) -> Path:
        """The path of the file."""

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read, or 0 if it is unknown, as for a pipe."""

    def check(self) -> None:
        """Read the start of the file. The caller does not call this for a pipe.

        Raises:
            OSError: The file cannot be read.
            CommandError: The file is not what it should be.
        """

    def results(self, now: datetime, today: date) -> Iterator[FileResult]:
        """Yield the results of the items of the file.

        Args:
            now: The current time.
            today: The current date in the organization's time zone.

        Raises:
            OSError: The file cannot be read.
            CommandError: The file is not what it should be.
        """

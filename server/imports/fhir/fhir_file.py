"""A file of FHIR resources, as the import reads it."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from server.imports.fhir.mapping import Mapper
from server.imports.fhir.resource_files import ResourceFile
from server.imports.record_file import FileResult


class FhirFile:
    """A file of FHIR resources. It can be read once, in bounded memory."""

    def __init__(self, path: Path, identifier_system: str | None = None) -> None:
        """Name the file, without opening it.

        Args:
            path: The path of the file.
            identifier_system: The identifier system of record numbers; None decides by the type of the identifiers.
        """
        self.path = path
        self._identifier_system = identifier_system
        self._items = ResourceFile(path)

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read, or 0 if it is unknown, as for a pipe."""
        return self._items.bytes_read

    def check(self) -> None:
        """Raise OSError if the file cannot be read."""
        self.path.open("rb").close()

    def results(self, now: datetime, today: date) -> Iterator[FileResult]:
        """Yield the results of the items of the file. Raise OSError if it cannot be read."""
        mapper = Mapper(now, today, self._identifier_system)
        for item in self._items:
            yield FileResult(item.line, item.entry, mapper.map(item.content))

"""The report of an import: tables for the operator, and a JSON file. Neither contains personal data."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from domain.registry import Outcome
from server.imports.record_file import FileResult
from server.imports.report_file import ReportFile, printable_path
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from server.imports.summary import Counts, ImportSummary

_MAX_PRINTED_PER_REASON: Final = 20
# Printed with the position, because the operator has to look at the line.
_PRINTED_NOTES: Final = frozenset({Note.ZONE_UNKNOWN, Note.SURVIVOR_UNKNOWN, Note.SURVIVOR_IN_CIRCLE})
_TABLE_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class ItemPosition:
    """The position of an item: the file, and the line, the entry of a Bundle, or both."""

    path: Path
    line: int | None
    entry: int | None

    @classmethod
    def of(cls, path: Path, item: FileResult) -> "ItemPosition":
        """Return the position of an item of a file."""
        return cls(path, item.line, item.entry)

    def __str__(self) -> str:
        """Return the position as `file:line: entry N`."""
        line = f":{self.line}" if self.line else ""
        return f"{printable_path(self.path)}{line}" + (f": entry {self.entry}" if self.entry else "")


class Report:
    """Counts the results of an import. Prints problems as they occur, and tables at the end."""

    def __init__(self, out: TextIO, file: Path | None = None, show: Callable[[str], None] | None = None) -> None:
        """Start a report.

        Args:
            out: Receives the tables.
            file: The path of the JSON report.
            show: Prints the line of a problem; by default to `out`.

        Raises:
            CommandError: The file cannot be written.
        """
        self.summary = ImportSummary()
        self._out = out
        self._show = show or self._print
        self._reasons: Counter[str] = Counter()
        self._file = None if file is None else ReportFile(file)

    def count(self, resource_type: ResourceType, outcome: Outcome) -> None:
        """Count a resource by its outcome."""
        counts = self.summary.counts_of(resource_type)
        setattr(counts, outcome.value, getattr(counts, outcome.value) + 1)

    def note(self, position: ItemPosition, resource_type: ResourceType, note: Note, detail: str | None = None) -> None:
        """Count a note about a resource, and print it if the operator should look at the resource."""
        self.summary.notes[resource_type, note] += 1
        if detail is not None or note in _PRINTED_NOTES:
            self._problem(position, resource_type, "note", note if detail is None else f"{note}: {detail}")

    def add_notes(self, resource_type: ResourceType, note: Note, count: int) -> None:
        """Count a note about several resources."""
        if count:
            self.summary.notes[resource_type, note] += count

    def skip(self, type: str) -> None:
        """Count a resource that is not imported."""
        self.summary.counts_of(type).skipped += 1

    def refuse(
        self,
        position: ItemPosition,
        resource_type: ResourceType | None,
        reason: str,
        *,
        hides_resources: bool = False,
    ) -> None:
        """Count and print a refused item, which may contain resources that could not be read (`hides_resources`)."""
        self.summary.counts_of(resource_type).refused += 1
        self.summary.unreadable += hides_resources
        self._problem(position, resource_type, "refused", reason)

    def finish(self) -> None:
        """Print the tables, and complete the JSON report."""
        self._print_tables()
        if self._file is not None:
            self._file.finish(self.summary.as_json())

    def abandon(self) -> None:
        """Print the tables of an interrupted import."""
        self._print("The import was interrupted. The resources counted here are stored. Run it again for the rest.")
        self._print_tables()
        if self._file is not None:
            self._file.abandon()

    def _problem(self, position: ItemPosition, resource_type: ResourceType | None, level: str, reason: str) -> None:
        if self._file is not None:
            file_position = {"file": printable_path(position.path), "line": position.line, "entry": position.entry}
            self._file.add({**file_position, "type": resource_type, "level": level, "reason": reason})
        self._reasons[reason] += 1
        if self._reasons[reason] <= _MAX_PRINTED_PER_REASON:
            self._show(f"{position}: {reason}")

    def _print_tables(self) -> None:
        for reason, count in self._reasons.items():
            if count > _MAX_PRINTED_PER_REASON:
                self._print(f"{count - _MAX_PRINTED_PER_REASON:,} more: {reason} (--report FILE lists all)")
        summary = self.summary
        if not summary.counts and not summary.missing_records:
            self._print("The files contain no resources.")
        elif not summary.dry_run:
            names = [field.name.capitalize() for field in fields(Counts)]
            self._table("Type", names, ((name, *astuple(counts)) for name, counts in sorted(summary.counts.items())))
        if summary.missing_records:
            last = "Made inactive" if summary.deactivated else "Not in the files"
            rows = ((name, *astuple(records)) for name, records in summary.missing_records.items())
            self._table("Type", ["In the files", "Active before", last], rows)
        if summary.notes:
            notes = ((f"{name}: {note}", count) for (name, note), count in summary.notes.items())
            self._table("Note", ["Count"], notes)

    def _table(self, first_column: str, number_columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(first_column)
        for name in number_columns:
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        console = Console(file=self._out, width=_TABLE_WIDTH, highlight=False, markup=False)
        with console.capture() as capture:
            console.print(table)
        self._print(capture.get().rstrip("\n") + "\n")

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._out, flush=True)
        except BrokenPipeError:
            # The reader closed the pipe. The import continues without output, and returns its usual exit status.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

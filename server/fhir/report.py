"""What an import did: a table for people, and a file for machines. Neither holds names, numbers, dates or ids."""

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
from server.fhir.items import Item
from server.fhir.kinds import Kind, Note
from server.fhir.report_file import ReportFile, printable
from server.fhir.summary import Counts, ImportSummary

_PRINTED_PER_REASON: Final = 20
# These are printed with their places: somebody has to look at the line.
_PRINTED_NOTES: Final = frozenset({Note.ZONE_UNKNOWN, Note.SURVIVOR_UNKNOWN})
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is: the file, and the line of it, or the entry of a Bundle, or both."""

    path: Path
    line: int | None
    entry: int | None

    @classmethod
    def of(cls, path: Path, item: Item) -> "Place":
        """Return the place of an item of a file."""
        return cls(path, item.line, item.entry)

    def __str__(self) -> str:
        """Return the place as people read it."""
        line = f":{self.line}" if self.line else ""
        return f"{printable(self.path)}{line}" + (f": entry {self.entry}" if self.entry else "")


class Report:
    """Collects what an import does, prints lines that need a look as they are met, and the tables at the end."""

    def __init__(self, out: TextIO, file: Path | None = None, show: Callable[[str], None] | None = None) -> None:
        """Start a report.

        Args:
            out: Where it goes.
            file: Where the report for machines goes.
            show: Prints one line; by default to `out`.

        Raises:
            CommandError: The file cannot be written.
        """
        self.summary = ImportSummary()
        self._out = out
        self._show = show or self._print
        self._reasons: Counter[str] = Counter()
        self._file = None if file is None else ReportFile(file)

    def count(self, kind: Kind, outcome: Outcome) -> None:
        """Count a resource by its outcome."""
        counts = self.summary.of(kind)
        setattr(counts, outcome.value, getattr(counts, outcome.value) + 1)

    def note(self, place: Place, kind: Kind, note: Note, detail: str | None = None) -> None:
        """Count a note about a resource, and print it where somebody should look."""
        self.summary.notes[kind, note] += 1
        if detail is not None or note in _PRINTED_NOTES:
            self._problem(place, kind, "note", note if detail is None else f"{note}: {detail}")

    def add_notes(self, kind: Kind, note: Note, count: int) -> None:
        """Count a note about some resources."""
        if count:
            self.summary.notes[kind, note] += count

    def skip(self, type: str) -> None:
        """Count a resource that is not imported."""
        self.summary.of(type).skipped += 1

    def refuse(self, place: Place, kind: Kind | None, reason: str, *, unread: bool = False) -> None:
        """Count and print an item that is refused. `unread`: unknown resources may be in it."""
        self.summary.of(kind).refused += 1
        self.summary.unread += unread
        self._problem(place, kind, "refused", reason)

    def finish(self) -> None:
        """Print the tables, and complete the report for machines."""
        self._print_tables()
        if self._file is not None:
            self._file.finish(self.summary.as_json())

    def abandon(self) -> None:
        """Print the tables of an import that did not end."""
        self._print("The import did not end. What is counted here is stored; run it again for the rest.")
        self._print_tables()
        if self._file is not None:
            self._file.abandon()

    def _problem(self, place: Place, kind: Kind | None, level: str, reason: str) -> None:
        if self._file is not None:
            where = {"file": printable(place.path), "line": place.line, "entry": place.entry}
            self._file.add({**where, "type": kind, "level": level, "reason": reason})
        self._reasons[reason] += 1
        if self._reasons[reason] <= _PRINTED_PER_REASON:
            self._show(f"{place}: {reason}")

    def _print_tables(self) -> None:
        for reason, count in self._reasons.items():
            if count > _PRINTED_PER_REASON:
                self._print(f"{count - _PRINTED_PER_REASON:,} more: {reason} (--report FILE lists them all)")
        summary = self.summary
        if not summary.counts and not summary.absences:
            self._print("The files hold no resources.")
        elif not summary.dry_run:
            names = [field.name.capitalize() for field in fields(Counts)]
            self._table("Type", names, ((name, *astuple(counts)) for name, counts in sorted(summary.counts.items())))
        if summary.absences:
            last = "Made inactive" if summary.deactivated else "Not in the files"
            rows = ((kind, *astuple(absence)) for kind, absence in summary.absences.items())
            self._table("Type", ["In the files", "Active before", last], rows)
        if summary.notes:
            notes = ((f"{kind}: {note}", count) for (kind, note), count in summary.notes.items())
            self._table("Note", ["Count"], notes)

    def _table(self, first: str, others: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(first)
        for name in others:
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        console = Console(file=self._out, width=_WIDTH, highlight=False, markup=False)
        with console.capture() as printed:
            console.print(table)
        self._print(printed.get().rstrip("\n") + "\n")

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._out, flush=True)
        except BrokenPipeError:
            # The reader has seen enough. The import goes on, and ends with the status that it deserves.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

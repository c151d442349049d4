"""Imports files of FHIR R4 NDJSON into the reference tables, in bounded memory, and tells what came of every line."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import WRITES
from db.reference_import import StoredCounts, store_locations, store_patients, store_staff, stored_locations
from domain.records import Location, Patient, StaffMember
from domain.texts import is_storable
from domain.wall_time import is_time_zone
from server.command_error import CommandError
from server.fhir import RESOURCE_TYPES, LocationLine, RefusedLine, read_resource
from server.fhir_locations import Resolved, resolve_parts
from server.ndjson import LONGEST_LINE, Line, read_lines

# Lines stored in one transaction: what a crash may lose, and about what memory holds.
CHUNK = 1000
_OTHER = "Other"


@dataclass(slots=True)
class LineCounts:
    """How many lines were new, changed a stored row, changed nothing, or were refused."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(slots=True)
class ImportSummary:
    """The counts by resource type; "Other" are the refused lines that are of none of them."""

    by_type: dict[str, LineCounts] = field(
        default_factory=lambda: {name: LineCounts() for name in (*RESOURCE_TYPES, _OTHER)}
    )

    @property
    def taken(self) -> int:
        """How many lines tell what is stored now."""
        return sum(counts.new + counts.changed + counts.unchanged for counts in self.by_type.values())

    @property
    def refused(self) -> int:
        """How many lines were refused."""
        return sum(counts.refused for counts in self.by_type.values())

    def lines(self) -> list[str]:
        """Gives a line of text for every resource type that was met."""
        return [
            f"{name}: {counts.new:,} new, {counts.changed:,} changed, {counts.unchanged:,} unchanged,"
            f" {counts.refused:,} refused"
            for name, counts in self.by_type.items()
            if counts != LineCounts()
        ] or ["nothing to import: the files hold no lines"]


async def import_files(
    engine: AsyncEngine,
    organization_id: str,
    paths: Sequence[Path],
    default_time_zone: str,
    report: TextIO | None = None,
    progress: Console | None = None,
) -> ImportSummary:
    """Stores what the files tell of the organization's staff, locations and patients. What they do not tell stays.

    Each refused line goes to the report (standard output) as `file:line: reason`, the counts after them; the progress
    bar to the console (standard error), where that is a terminal. A chunk of lines is one transaction, so what was
    stored before a failure stays, and running again stores the rest. Only locations that are part of another one are
    held until all lines are read, for the other one may come last.

    Raises:
        CommandError: Before anything is stored, where a file cannot be read or the organization or zone is not one.
    """
    _check(organization_id, paths, default_time_zone)
    console = progress or Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, redirect_stdout=False) as bar:
        running = _Import(engine, organization_id, default_time_zone, report or sys.stdout, bar)
        await running.run(paths)
    for line in running.summary.lines():
        print(line, file=running.report)
    return running.summary


def _check(organization_id: str, paths: Iterable[Path], default_time_zone: str) -> None:
    if not organization_id.strip() or len(organization_id) > 64 or not is_storable(organization_id):
        raise CommandError("the organization must be an id of 1 to 64 characters")
    if not is_time_zone(default_time_zone):
        raise CommandError("the default time zone is not an IANA time zone")
    for path in paths:
        try:
            # A pipe would lose what is read of it here.
            if path.is_file() or not path.exists() or path.is_dir():
                path.open("rb").close()
        except OSError as failure:
            raise CommandError(f"{path}: {failure.strerror}") from None


def _resource(line: Line) -> StaffMember | LocationLine | Patient:
    if line.content is None:
        raise RefusedLine(f"the line is longer than {LONGEST_LINE:,} bytes")
    return read_resource(line.content)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line is, as the report names it."""

    path: Path
    number: int


@dataclass(slots=True)
class _Import:
    engine: AsyncEngine
    organization_id: str
    default_time_zone: str
    report: TextIO
    bar: Progress
    summary: ImportSummary = field(default_factory=ImportSummary)
    staff: list[StaffMember] = field(default_factory=list)
    places: list[Location] = field(default_factory=list)
    patients: list[Patient] = field(default_factory=list)
    parts: list[tuple[_Place, LocationLine]] = field(default_factory=list)

    async def run(self, paths: Sequence[Path]) -> None:
        sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        task = self.bar.add_task("", total=sum(sizes) or None)
        done = 0
        for path, size in zip(paths, sizes, strict=True):
            self.bar.update(task, description=path.name)
            for line in read_lines(path):
                await self._read(path, line)
                self._advance(task, done + line.end, line.number)
            done += size
            self.bar.update(task, completed=done)
        await self._store()
        await self._store_parts()

    def _advance(self, task: TaskID, completed: int, number: int) -> None:
        # Telling the bar of every line would cost more than reading it.
        if number % 100 == 0:
            self.bar.update(task, completed=completed)

    async def _read(self, path: Path, line: Line) -> None:
        place = _Place(path, line.number)
        try:
            resource = _resource(line)
        except RefusedLine as refused:
            self._refuse(place, refused)
            return
        match resource:
            case StaffMember():
                self.staff.append(resource)
            case Patient():
                self.patients.append(resource)
            case LocationLine(is_part=True):
                self.parts.append((place, resource))
            case LocationLine():
                zone = resource.time_zone or self.default_time_zone
                self.places.append(Location(resource.id, resource.name, None, zone))
        if len(self.staff) + len(self.places) + len(self.patients) >= CHUNK:
            await self._store()

    async def _store(self) -> None:
        if not (self.staff or self.places or self.patients):
            return
        async with self.engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            async with connection.begin():
                staff = await store_staff(connection, self.organization_id, self.staff)
                places = await store_locations(connection, self.organization_id, self.places)
                patients = await store_patients(connection, self.organization_id, self.patients)
        # Counted once it is committed.
        for name, stored in zip(RESOURCE_TYPES, (staff, places, patients), strict=True):
            self._count(name, stored)
        self.staff.clear()
        self.places.clear()
        self.patients.clear()

    async def _store_parts(self) -> None:
        parents = {line.parent_id for _, line in self.parts if line.parent_id is not None}
        async with self.engine.connect() as connection:
            known = await stored_locations(connection, self.organization_id, parents)
        resolved = resolve_parts([line for _, line in self.parts], known, self.default_time_zone)
        for (place, _), outcome in zip(self.parts, resolved, strict=True):
            await self._take(place, outcome)
        await self._store()

    async def _take(self, place: _Place, outcome: Resolved) -> None:
        if isinstance(outcome, RefusedLine):
            self._refuse(place, outcome)
            return
        self.places.append(outcome)
        if len(self.places) >= CHUNK:
            await self._store()

    def _count(self, name: str, stored: StoredCounts) -> None:
        counts = self.summary.by_type[name]
        counts.new += stored.new
        counts.changed += stored.changed
        counts.unchanged += stored.unchanged

    def _refuse(self, place: _Place, refused: RefusedLine) -> None:
        self.summary.by_type[refused.resource_type or _OTHER].refused += 1
        text = f"{place.path}:{place.number}: {refused.reason}"
        if self.report.isatty() and not self.bar.disable:
            # On a terminal the bar has to make room.
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self.report)

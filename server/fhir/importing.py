"""Imports files of FHIR resources into the reference tables, in bounded memory."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.transactions.all_organizations import writing_all
from domain.registry import Outcome
from domain.texts import is_storable
from domain.wall_time import is_time_zone, local_date
from server.fhir.full_export import FullExport
from server.fhir.items import Deletion, Item
from server.fhir.kinds import Kind, Mapped, Note, Refusal, Skipped
from server.fhir.mapping import Mapper
from server.fhir.options import ImportOptions
from server.fhir.progress import FileProgress
from server.fhir.report import Place, Report
from server.fhir.sources import Source
from server.fhir.storing import store
from server.fhir.summary import ImportSummary
from server.runtime.clock import now
from server.runtime.command_error import CommandError

# Resources stored in one transaction: what a crash may lose, and about what memory holds.
BATCH: Final = 1000
_ITEMS_PER_PAUSE: Final = 100


async def import_files(
    engine: AsyncEngine,
    options: ImportOptions,
    paths: Sequence[Path],
    out: TextIO | None = None,
    progress: Console | None = None,
) -> ImportSummary:
    """Store what the files state about the organization's staff, locations and patients.

    What they do not state stays as it is. A batch of resources is one transaction, so what was stored before a failure
    stays, and running again stores the rest. Only locations are held until everything is read, for a room may come
    before its site.

    Args:
        engine: The database.
        options: How they are imported.
        paths: The files.
        out: Where the report goes; by default to standard output.
        progress: Where the progress bar goes, if that is a terminal; by default standard error.

    Raises:
        CommandError: Before anything is stored: a file cannot be read, or an option is wrong.
    """
    check_import(options, paths)
    out = out or sys.stdout
    with FileProgress(paths, progress or Console(stderr=True)) as bar:
        report = Report(out, options.report, bar.show if bar.is_shown and out.isatty() else None)
        running = _Import(engine, options, report)
        try:
            await running.run(paths, bar)
        except BaseException:
            report.abandon()
            raise
    report.finish()
    return report.summary


def check_import(options: ImportOptions, paths: Iterable[Path]) -> None:
    """Raise CommandError where a file cannot be read or an option is wrong."""
    organization_id = options.organization_id
    if not organization_id.strip() or len(organization_id) > 64 or not is_storable(organization_id):
        raise CommandError("the organization must be an id of 1 to 64 characters")
    if not is_time_zone(options.default_time_zone):
        raise CommandError("the default time zone is not an IANA time zone")
    for path in paths:
        try:
            # A pipe would lose what is read of it here.
            if path.is_file() or not path.exists() or path.is_dir():
                path.open("rb").close()
        except OSError as failure:
            raise CommandError(f"{path}: {failure.strerror}") from None


@dataclass(frozen=True, slots=True)
class _Entry:
    place: Place
    mapped: Mapped


class _Import:
    """One run of an import."""

    def __init__(self, engine: AsyncEngine, options: ImportOptions, report: Report) -> None:
        self._engine = engine
        self._options = options
        self._report = report
        self._report.summary.dry_run = options.is_dry_run
        instant = now()
        self._today = local_date(instant, options.default_time_zone)
        self._mapper = Mapper(instant, self._today, options.identifier_system)
        self._batch: list[_Entry] = []
        self._locations: list[_Entry] = []
        self._not_held: list[_Entry] = []
        self._refused_locations: set[str] = set()
        self._export = FullExport() if options.full else None

    async def run(self, paths: Sequence[Path], bar: FileProgress) -> None:
        """Import the files."""
        for path in paths:
            source = Source(path)
            bar.start(path)
            for count, item in enumerate(source, start=1):
                await self._take(Place.of(path, item), item)
                bar.advance(source)
                if count % _ITEMS_PER_PAUSE == 0:
                    # A signal that ends the command is seen here, also where nothing is stored.
                    await asyncio.sleep(0)
            bar.end(path)
        await self._store(self._batch)
        await self._store(self._locations)
        await self._store_not_held()
        if self._export is not None:
            await self._export.conclude(self._engine, self._options, self._report.summary, self._today)

    async def _take(self, place: Place, item: Item) -> None:
        result = self._mapper.map(item.content)
        match result:
            case Skipped():
                self._report.skip(result.type)
                return
            case Refusal():
                self._refuse(place, result)
                return
        if self._export is not None:
            self._export.add(result.kind, result.update.id, deleted=isinstance(item.content, Deletion))
        if self._options.is_dry_run:
            return
        if result.kind is Kind.LOCATION:
            self._locations.append(_Entry(place, result))
            return
        self._batch.append(_Entry(place, result))
        if len(self._batch) >= BATCH:
            await self._store(self._batch)

    def _refuse(self, place: Place, refusal: Refusal) -> None:
        self._report.refuse(place, refusal.kind, refusal.reason, unread=refusal.unread)
        if refusal.kind is None or refusal.id is None:
            return
        if self._export is not None:
            self._export.add(refusal.kind, refusal.id)
        if refusal.kind is Kind.LOCATION:
            self._refused_locations.add(refusal.id)

    async def _store(self, entries: list[_Entry]) -> None:
        """Store the entries and take them off the list. Those of records that are not held wait for the end."""
        for entry, outcome in await self._stored(entries):
            if outcome is Outcome.NOT_HELD:
                self._not_held.append(entry)
            else:
                self._count(entry, outcome)
        entries.clear()

    async def _store_not_held(self) -> None:
        # A later line may have created the record.
        for entry, outcome in await self._stored(self._not_held):
            if outcome is Outcome.NOT_HELD:
                self._report.skip(entry.mapped.kind)
            else:
                self._count(entry, outcome)

    async def _stored(self, entries: Sequence[_Entry]) -> list[tuple[_Entry, Outcome | str]]:
        if not entries:
            return []
        async with writing_all(self._engine, Role.OPERATOR) as connection:
            stored = await store(
                connection, self._options, [entry.mapped for entry in entries], self._today, self._refused_locations
            )
        # Counted once it is committed.
        self._report.add_notes(Kind.LOCATION, Note.ZONE_DEFAULTED, len(stored.defaulted))
        self._report.add_notes(Kind.LOCATION, Note.FOLLOWED, stored.followed)
        return list(zip(entries, stored.outcomes, strict=True))

    def _count(self, entry: _Entry, outcome: Outcome | str) -> None:
        kind = entry.mapped.kind
        if not isinstance(outcome, Outcome):
            self._report.refuse(entry.place, kind, outcome)
            return
        self._report.count(kind, outcome)
        if outcome is Outcome.OLDER:
            return
        for note in entry.mapped.notes:
            self._report.note(entry.place, kind, note)
        if entry.mapped.fault is not None:
            self._report.note(entry.place, kind, Note.STATUS_ONLY, entry.mapped.fault)

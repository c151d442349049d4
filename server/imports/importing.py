"""The import of files into the reference tables, in bounded memory."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from db.connections.roles import Role
from db.transactions.all_organizations import writing_all
from db.transactions.unit_of_work import Actor, unit_of_work_in
from domain.registry import Outcome
from domain.texts import is_storable
from domain.wall_time import is_time_zone, local_date
from server.imports.batches import store_batch
from server.imports.full_export import FullExport
from server.imports.options import ImportOptions
from server.imports.progress import FileProgress
from server.imports.record_file import FileResult, RecordFile
from server.imports.report import ItemPosition, Report
from server.imports.resource_types import ResourceType
from server.imports.results import Mapped, Note, RefusedItem, Skipped
from server.imports.summary import ImportSummary
from server.runtime.clock import now
from server.runtime.command_error import CommandError

BATCH: Final = 1000
"""The number of records stored in one transaction. It bounds memory, and what an interruption loses."""
_ITEMS_PER_YIELD: Final = 100


async def import_files(
    engine: AsyncEngine,
    options: ImportOptions,
    files: Sequence[RecordFile],
    out: TextIO | None = None,
    progress: Console | None = None,
) -> ImportSummary:
    """Store the staff, locations and patients in the files. Fields that the files do not state keep their values.

    Each batch of records is one transaction: an interrupted import keeps its complete batches, and another run stores
    the rest. Locations are stored last, because a room may come before its site.

    Args:
        engine: The database.
        options: The options.
        files: The files.
        out: Receives the report; by default standard output.
        progress: Shows the progress bar, if it is a terminal; by default standard error.

    Raises:
        CommandError: A file cannot be read, or an option is wrong. Nothing was stored.
    """
    check_import(options, files)
    out = out or sys.stdout
    with FileProgress([file.path for file in files], progress or Console(stderr=True)) as bar:
        report = Report(out, options.report, bar.show if bar.is_shown and out.isatty() else None)
        try:
            await _Import(engine, options, report).run(files, bar)
        except BaseException:
            report.abandon()
            raise
    report.finish()
    return report.summary


def check_import(options: ImportOptions, files: Iterable[RecordFile]) -> None:
    """Raise CommandError if a file cannot be read or is not what it should be, or if an option is wrong."""
    organization_id = options.organization_id
    if not organization_id.strip() or len(organization_id) > 64 or not is_storable(organization_id):
        raise CommandError("--organization must be an id of 1 to 64 characters")
    if not is_time_zone(options.default_time_zone):
        raise CommandError("the default time zone must be an IANA time zone")
    for file in files:
        path = file.path
        try:
            # A pipe is not opened here: its writer would fail when it is closed again.
            if path.is_file() or not path.exists() or path.is_dir():
                file.check()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class _PendingUpdate:
    position: ItemPosition
    mapped: Mapped


class _Import:
    """One run of an import."""

    def __init__(self, engine: AsyncEngine, options: ImportOptions, report: Report) -> None:
        self._engine = engine
        self._options = options
        self._actor = Actor(options.actor, options.organization_id, str(uuid7()))
        self._report = report
        self._report.summary.dry_run = options.is_dry_run
        self._now = now()
        self._today = local_date(self._now, options.default_time_zone)
        self._batch: list[_PendingUpdate] = []
        self._locations: list[_PendingUpdate] = []
        self._without_record: list[_PendingUpdate] = []
        self._refused_locations: set[str] = set()
        self._export = FullExport() if options.full else None

    async def run(self, files: Sequence[RecordFile], bar: FileProgress) -> None:
        """Import the files."""
        for file in files:
            bar.start(file.path)
            for count, item in enumerate(file.results(self._now, self._today), start=1):
                await self._import_item(ItemPosition.of(file.path, item), item)
                bar.advance(file)
                if count % _ITEMS_PER_YIELD == 0:
                    # Lets the event loop handle a signal, even if no batch is stored for a long time.
                    await asyncio.sleep(0)
            bar.end(file.path)
        await self._store(self._batch)
        await self._store(self._locations)
        await self._retry_without_record()
        if self._export is not None:
            await self._export.conclude(self._engine, self._options, self._report.summary, self._today, self._actor)

    async def _import_item(self, position: ItemPosition, item: FileResult) -> None:
        result = item.result
        match result:
            case Skipped():
                self._report.skip(result.type)
                return
            case RefusedItem():
                self._refuse(position, result)
                return
        if self._export is not None:
            self._export.add(result.resource_type, result.update.id, deleted=result.deleted)
        if self._options.is_dry_run:
            return
        if result.resource_type is ResourceType.LOCATION:
            self._locations.append(_PendingUpdate(position, result))
            return
        self._batch.append(_PendingUpdate(position, result))
        if len(self._batch) >= BATCH:
            await self._store(self._batch)

    def _refuse(self, position: ItemPosition, item: RefusedItem) -> None:
        self._report.refuse(position, item.resource_type, item.reason, hides_resources=item.hides_resources)
        if item.resource_type is None or item.id is None:
            return
        if self._export is not None:
            self._export.add(item.resource_type, item.id)
        if item.resource_type is ResourceType.LOCATION:
            self._refused_locations.add(item.id)

    async def _store(self, pending: list[_PendingUpdate]) -> None:
        """Store and clear the pending updates. Set those without a stored record aside until the end of the files."""
        for update, outcome in await self._write(pending):
            if outcome is Outcome.NOT_HELD:
                self._without_record.append(update)
            else:
                self._count(update, outcome)
        pending.clear()

    async def _retry_without_record(self) -> None:
        # A later line may have created the record.
        for update, outcome in await self._write(self._without_record):
            if outcome is Outcome.NOT_HELD:
                self._report.skip(update.mapped.resource_type)
            else:
                self._count(update, outcome)

    async def _write(self, pending: Sequence[_PendingUpdate]) -> list[tuple[_PendingUpdate, Outcome | str]]:
        if not pending:
            return []
        batch = [update.mapped for update in pending]
        async with (
            writing_all(self._engine, Role.OPERATOR) as connection,
            unit_of_work_in(connection, self._actor, now, uuid7) as work,
        ):
            result = await store_batch(connection, work, self._options, batch, self._today, self._refused_locations)
        # After the commit, so that an interrupted import reports only what is stored.
        self._report.add_notes(ResourceType.LOCATION, Note.ZONE_DEFAULTED, len(result.defaulted))
        self._report.add_notes(ResourceType.LOCATION, Note.FOLLOWED, result.followed)
        self._report.add_notes(ResourceType.PATIENT, Note.SEATED, result.seated)
        for update in pending:
            if update.mapped.resource_type is ResourceType.PATIENT and update.mapped.update.id in result.circles:
                self._report.note(update.position, ResourceType.PATIENT, Note.SURVIVOR_IN_CIRCLE)
        return list(zip(pending, result.outcomes, strict=True))

    def _count(self, update: _PendingUpdate, outcome: Outcome | str) -> None:
        resource_type = update.mapped.resource_type
        if not isinstance(outcome, Outcome):
            self._report.refuse(update.position, resource_type, outcome)
            return
        self._report.count(resource_type, outcome)
        if outcome is Outcome.OLDER:
            return
        for note in update.mapped.notes:
            self._report.note(update.position, resource_type, note)
        if update.mapped.error is not None:
            self._report.note(update.position, resource_type, Note.STATUS_ONLY, update.mapped.error)

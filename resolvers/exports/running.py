"""Runs an export: records who reads it, then writes its rows from one snapshot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from db.exports.encoding import trailer
from db.exports.streaming import Write, find_patients, write_export
from db.sql.exports.columns import TableExport
from db.transactions.retries import transact
from db.transactions.snapshots import Snapshot
from db.transactions.unit_of_work import Actor, UnitOfWork
from resolvers.context import Context
from resolvers.exports.compliance_weeks import ComplianceWeeks
from resolvers.exports.request import ExportRequest

EXPORT_SECONDS: Final = 900.0
"""How long an export may take, also if its client reads slowly. Until then, it holds a snapshot of the database."""


class Rows(Protocol):
    """The rows of an export, in a snapshot."""

    async def find_patients(self) -> frozenset[str]:
        """Return the patients whose data the rows contain."""

    async def write(self, write: Write) -> int:
        """Write the header and the rows, and return their number."""


@dataclass(frozen=True, slots=True)
class _TableRows:
    snapshot: Snapshot
    export: TableExport
    request: ExportRequest

    async def find_patients(self) -> frozenset[str]:
        return await find_patients(self.snapshot, self.export, self.request.narrowed, EXPORT_SECONDS)

    async def write(self, write: Write) -> int:
        request = self.request
        return await write_export(
            self.snapshot, self.export, request.columns, request.narrowed, request.format, write, EXPORT_SECONDS
        )


@dataclass(frozen=True, slots=True)
class OpenExport:
    """An export whose row is in the access log."""

    request: ExportRequest
    rows: Rows

    async def write_to(self, write: Write) -> int:
        """Write the whole export, and return the number of its rows. Raise DBAPIError.

        An exception means that what was written is only a part. A whole NDJSON export ends with its trailer.
        """
        row_count = await self.rows.write(write)
        await write(trailer(self.request.export.name, row_count, self.request.format))
        return row_count


@asynccontextmanager
async def opened_export(context: Context, request: ExportRequest) -> AsyncIterator[OpenExport]:
    """Open an export, whose rows are of one moment. Its row in the access log is stored before.

    It holds a connection for reading while it waits for one that writes. Nothing that writes waits for one that reads,
    so that this cannot become a deadlock.

    Raises:
        DBAPIError: The database refuses the connection, or a statement failed.
        Busy: The database is busy.
        Unavailable: The database cannot be used.
    """
    async with context.snapshot as snapshot:
        await snapshot.allow_seconds(EXPORT_SECONDS)
    rows: Rows
    if isinstance(request.export, TableExport):
        rows = _TableRows(snapshot, request.export, request)
    else:
        rows = ComplianceWeeks(context, request)
    await _record(context, request, await rows.find_patients())
    yield OpenExport(request, rows)


async def _record(context: Context, request: ExportRequest, patient_ids: frozenset[str]) -> None:
    """Store the row of the access log, also if the export contains no patient's data."""

    async def record(work: UnitOfWork) -> None:
        work.record_access(request.operation, patient_ids)

    # Not Context.transact, which would close the snapshot.
    caller, clinic = context.caller, context.clinic
    actor = Actor(caller.subject, caller.organization_id, context.correlation_id, context.client_address)
    await transact(clinic.engine, clinic.lock_queue, actor, clinic.clock, clinic.new_id, record)

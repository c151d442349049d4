"""The commands `backup` and `restore`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from sqlalchemy.ext.asyncio import AsyncEngine

from db.backups.archives import DamagedArchive
from db.backups.backup import write_backup
from db.backups.restore import NotRestorable, restore_backup
from db.migrations.catalog_repair import AdministratorNeeded
from db.migrations.schema_version import schema_is_current
from server.cli.check import check_database
from server.runtime.clock import now
from server.runtime.command_error import CommandError
from server.runtime.ready_database import OLD_SCHEMA, refuse_unless_operator
from server.runtime.version import program_version

_LABELS: Final = {
    "pm_group_definitions": "groups",
    "pm_group_schedule": "sessions",
    "pm_group_enrollments": "enrollments",
    "pm_group_closures": "closures",
    "pm_group_patients": "patients",
    "pm_group_audit_log": "history",
    "pm_group_outbox": "events",
}


async def back_up(engine: AsyncEngine, out: TextIO, path: Path) -> None:
    """Write a backup, and print how many rows it contains. Raise CommandError, OSError."""
    # Not prepare_schema, which would migrate an SQLite file: a backup changes nothing.
    if not await schema_is_current(engine):
        raise CommandError(OLD_SCHEMA)
    await refuse_unless_operator(engine, "backup")
    try:
        counts = await write_backup(engine, path, program_version(), now())
    except FileExistsError as error:
        raise CommandError(str(error)) from None
    out.write(f"Backed up to {path}: {_summary(counts)}.\n")


async def restore(engine: AsyncEngine, out: TextIO, path: Path) -> None:
    """Restore a backup, print how many rows it contains, and check the invariants of the restored data.

    Raises:
        CommandError: Nothing was restored; or everything was restored and it violates invariants, as the backup does.
        OSError: The file cannot be read.
    """
    try:
        header, counts = await restore_backup(engine, path)
    except DamagedArchive as error:
        raise CommandError(f"{path} {error}; nothing was restored") from None
    except (NotRestorable, AdministratorNeeded) as error:
        raise CommandError(str(error)) from None
    out.write(f"Restored {path}, created {header.made_at} by version {header.program}: {_summary(counts)}.\n")
    out.flush()
    await check_database(engine, out, organization_id=None)


def _summary(counts: Mapping[str, int]) -> str:
    labeled = ", ".join(f"{counts.get(table, 0):,} {label}" for table, label in _LABELS.items())
    return f"{sum(counts.values()):,} rows in {len(counts)} tables ({labeled})"

"""The command `import-fhir`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from server.fhir.importing import check_import, import_files
from server.fhir.options import ImportOptions
from server.fhir.summary import ImportSummary
from server.runtime.command_error import CommandError


def import_options(parsed: argparse.Namespace, default_time_zone: str) -> ImportOptions:
    """Return the options of the command line. Raise CommandError if one is wrong, or if a file cannot be read."""
    if parsed.confirm is not None and not parsed.full:
        raise CommandError("--confirm requires --full")
    options = ImportOptions(
        organization_id=parsed.organization,
        default_time_zone=default_time_zone,
        identifier_system=parsed.identifier_system,
        full=parsed.full,
        confirm=parsed.confirm,
        report=parsed.report,
    )
    check_import(options, parsed.files)
    return options


async def run_import(
    engine: AsyncEngine, options: ImportOptions, paths: Sequence[Path], *, allow_refused: bool
) -> None:
    """Import the files. Raise CommandError if a part of them was not imported."""
    summary = await import_files(engine, options, paths)
    if options.full:
        _report_full_export(options, summary)
    if summary.refused and not summary.has_resources:
        # Fails also with --allow-refused, because these files are not what this command reads.
        raise CommandError("the files contain no FHIR resources: nothing was imported")
    if summary.refused and not allow_refused:
        raise CommandError(f"refused resources: {summary.refused:,}; correct them, or accept this with --allow-refused")


def _report_full_export(options: ImportOptions, summary: ImportSummary) -> None:
    if summary.unreadable:
        raise CommandError(
            f"--full: unreadable parts of the files: {summary.unreadable:,}; nothing was made inactive, because these"
            " parts may contain the missing records: correct the files and run the command again"
        )
    if options.confirm is None:
        sys.stdout.write(
            f"Nothing was changed. Active records that are missing from the files: {summary.missing:,}."
            f" To import the files and make these records inactive, add: --confirm {summary.missing}\n"
        )
    elif not summary.deactivated:
        raise CommandError(
            f"--confirm {options.confirm}: active records that are missing from the files: {summary.missing};"
            " the files were imported, but nothing was made inactive: check the number and run the command again"
        )

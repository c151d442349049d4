"""The commands `import-fhir` and `import-csv`."""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from server.imports.csv.columns import TYPES, DateOrder
from server.imports.csv.csv_file import CsvFile
from server.imports.fhir.fhir_file import FhirFile
from server.imports.importing import check_import, import_files
from server.imports.options import ImportOptions
from server.imports.record_file import RecordFile
from server.imports.summary import ImportSummary
from server.runtime.command_error import CommandError


def import_options(parsed: argparse.Namespace, default_time_zone: str, files: Sequence[RecordFile]) -> ImportOptions:
    """Return the options of the command line. Raise CommandError if one is wrong, or if a file cannot be read."""
    if parsed.confirm is not None and not parsed.full:
        raise CommandError("--confirm requires --full")
    options = ImportOptions(
        organization_id=parsed.organization,
        default_time_zone=default_time_zone,
        full=parsed.full,
        confirm=parsed.confirm,
        report=parsed.report,
        actor=parsed.command,
    )
    check_import(options, files)
    return options


def fhir_files(parsed: argparse.Namespace) -> list[RecordFile]:
    """Return the files of `import-fhir`."""
    return [FhirFile(path, parsed.identifier_system) for path in parsed.files]


def csv_files(parsed: argparse.Namespace) -> list[RecordFile]:
    """Return the files of `import-csv`. Raise CommandError if there is none."""
    files: list[RecordFile] = [
        CsvFile(path, resource_type, DateOrder(parsed.date_order))
        for option, resource_type in TYPES.items()
        for path in getattr(parsed, option)
    ]
    if not files:
        raise CommandError("at least one of --patients, --staff and --locations is required")
    return files


async def run_import(
    engine: AsyncEngine, options: ImportOptions, files: Sequence[RecordFile], *, allow_refused: bool
) -> None:
    """Import the files. Raise CommandError if a part of them was not imported."""
    summary = await import_files(engine, options, files)
    if options.full:
        _report_full_export(options, summary)
    if summary.refused and not summary.has_resources:
        # Fails also with --allow-refused, because these files are not what this command reads.
        raise CommandError("the files contain no FHIR resources: nothing was imported")
    if summary.refused and not allow_refused:
        raise CommandError(f"refused records: {summary.refused:,}; correct them, or accept this with --allow-refused")


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

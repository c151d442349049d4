"""The command `import-fhir`: what it does with its options, and when it has not succeeded."""

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
    """Return what the command line asks for. Raise CommandError where it is wrong, or a file cannot be read."""
    if parsed.confirm is not None and not parsed.full:
        raise CommandError("--confirm goes with --full")
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
    """Import the files. Raise CommandError where not all was done."""
    summary = await import_files(engine, options, paths)
    if options.full:
        _conclude_full(options, summary)
    if summary.refused and not summary.holds_resources:
        # Whatever the files are, they are not what this command reads.
        raise CommandError("nothing in the files could be imported")
    if summary.refused and not allow_refused:
        raise CommandError(f"refused: {summary.refused:,} (--allow-refused makes this no failure)")


def _conclude_full(options: ImportOptions, summary: ImportSummary) -> None:
    if summary.unread:
        raise CommandError(
            f"--full: something could not be read ({summary.unread:,}), so what the files lack is not known;"
            " nothing was made inactive"
        )
    if options.confirm is None:
        sys.stdout.write(
            f"Nothing was changed. Active records that the files lack: {summary.absent:,}."
            f" To import the files and make these inactive: --full --confirm {summary.absent}\n"
        )
    elif not summary.deactivated:
        raise CommandError(
            f"--confirm {options.confirm}: active records that the files lack: {summary.absent};"
            " the files were imported, but nothing was made inactive"
        )

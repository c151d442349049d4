"""The command line's arguments: the commands, their options and the values they accept."""

import argparse
from pathlib import Path
from typing import NoReturn, TypeAlias

from resolvers.caller import ROLES, PermissionKey
from server.cli.argument_values import count, duration, identifier, port, uuid, workers
from server.imports.csv.columns import COLUMNS, TYPES, DateOrder
from server.runtime.version import program_version


class OneLineParser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


_Commands: TypeAlias = "argparse._SubParsersAction[OneLineParser]"  # noqa: SLF001 - argparse gives it no public name


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands. The attribute `command` of its result is the chosen command's name."""
    parser = OneLineParser(
        prog="group-sessions",
        description="Group-session scheduling for behavioural health: groups, sessions, seats, waitlists, compliance.",
        epilog="Settings are read from the environment (DATABASE_URL, AUTH_JWT_SECRET, ...). See docs/settings.md.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {program_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    _add_serve(commands)
    _add(commands, "migrate", "migrate the database to the newest schema", "Safe to run repeatedly and concurrently.")
    _add(commands, "demo", "fill an empty database with the demo clinic", "All names are fictional.")
    _add_import_fhir(commands)
    _add_import_csv(commands)
    _add_token(commands)
    _add_reporting_tokens(commands)
    _add_events(commands)
    _add(
        commands,
        "relay",
        "deliver events to the configured sinks until interrupted",
        "`serve` delivers events too. Any number of relays share the work.",
    )
    _add_reads(commands)
    _add_check(commands)
    _add_backup(commands)
    _add_restore(commands)
    _add(commands, "export-schema", "print the GraphQL schema", "The format is SDL, the schema definition language.")
    return parser


def _add(commands: _Commands, name: str, summary: str, details: str) -> OneLineParser:
    return commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {details}")


def _add_serve(commands: _Commands) -> None:
    serve = _add(
        commands,
        "serve",
        "serve the API",
        "Requires sign-in to be configured, or --demo. An SQLite database is migrated at start;"
        " migrate PostgreSQL with `migrate` first.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=port, default=8000, help="the port, 0 for any free one (default: %(default)s)")
    serve.add_argument(
        "--workers", type=workers, default=1, metavar="N", help="the number of worker processes (default: %(default)s)"
    )
    serve.add_argument(
        "--demo", action="store_true", help="serve the demo clinic on loopback, and print links that sign in"
    )


def _add_import_fhir(commands: _Commands) -> None:
    imports = _add(
        commands,
        "import-fhir",
        "load patients, staff and locations from FHIR R4",
        "Reads Patient, Practitioner, PractitionerRole and Location resources from NDJSON files, Bundles or single"
        " resources, optionally compressed with gzip. Other types are skipped. Importing the same files again changes"
        " nothing. Exits with status 1 if a resource was refused.",
    )
    _require_organization(imports, "the organization that the records belong to")
    imports.add_argument(
        "--identifier-system",
        type=identifier(1000),
        metavar="URI",
        help="the identifier system of the patients' record numbers"
        " (default: identifiers of type MR or PT, or with a type text such as MRN)",
    )
    _add_import_options(imports)
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file to import")


def _add_import_csv(commands: _Commands) -> None:
    imports = _add(
        commands,
        "import-csv",
        "load patients, staff and locations from CSV files",
        "Reads CSV files with a header, in UTF-8, separated by commas, semicolons or tabs, and optionally compressed"
        " with gzip. A column that a file does not have keeps its stored values. Importing the same files again changes"
        " nothing. Exits with status 1 if a line was refused.",
    )
    _require_organization(imports, "the organization that the records belong to")
    for name, resource_type in TYPES.items():
        imports.add_argument(
            f"--{name}",
            nargs="+",
            action="extend",
            default=[],
            type=Path,
            metavar="FILE",
            help=f"files of {name}, with the columns: {', '.join(COLUMNS[resource_type])}",
        )
    imports.add_argument(
        "--date-order",
        choices=[order.value for order in DateOrder],
        default="ymd",
        help="the order of day, month and year in birth dates: ymd for 1980-02-29, mdy for 02/29/1980,"
        " dmy for 29/02/1980 (default: %(default)s)",
    )
    _add_import_options(imports)


def _add_import_options(imports: argparse.ArgumentParser) -> None:
    imports.add_argument(
        "--full",
        action="store_true",
        help="treat the files as a complete export of each type in them, and make records that are missing"
        " from them inactive. Without --confirm, only count these records and change nothing",
    )
    imports.add_argument(
        "--confirm",
        type=count,
        metavar="N",
        help="with --full: import the files and make N records inactive, where N is the count printed without"
        " --confirm",
    )
    imports.add_argument("--report", type=Path, metavar="FILE", help="write a report as JSON to this file")
    imports.add_argument(
        "--allow-refused", action="store_true", help="exit with status 0 even if some records were refused"
    )


def _add_token(commands: _Commands) -> None:
    token = _add(
        commands,
        "token",
        "print a signed token, for development and scripts, or a reporting token",
        "Signs with AUTH_JWT_SECRET. Includes AUTH_ISSUER and AUTH_AUDIENCE if they are set.",
    )
    token.add_argument(
        "--reporting",
        action="store_true",
        help="make a token that only reads exports, for Excel, Power BI and scripts. It is stored in the database as a"
        " hash, printed once, and can be revoked (see reporting-tokens). It has only permissions to view",
    )
    _require_organization(token, "the caller's organization")
    token.add_argument("--subject", required=True, type=identifier(255), metavar="SUB", help="the caller's id")
    grants = token.add_mutually_exclusive_group(required=True)
    grants.add_argument(
        "--permission",
        nargs="+",
        action="extend",
        choices=[key.value for key in PermissionKey],
        metavar="KEY",
        help="the caller's permissions: " + ", ".join(PermissionKey),
    )
    grants.add_argument(
        "--role",
        nargs="+",
        action="extend",
        choices=list(ROLES),
        metavar="ROLE",
        help="the caller's roles: " + ", ".join(ROLES),
    )
    token.add_argument(
        "--expires-in",
        type=duration,
        metavar="TIME",
        help="the token's lifetime: seconds, or a number with a unit such as 30m, 8h or 7d (default: 1h; 365d with"
        " --reporting)",
    )


def _add_reporting_tokens(commands: _Commands) -> None:
    tokens = _add(
        commands,
        "reporting-tokens",
        "list or revoke reporting tokens",
        "Each line is one token, as JSON, without its secret. `token --reporting` makes one.",
    )
    _require_organization(tokens, "the organization of the tokens")
    tokens.add_argument("--revoke", type=uuid, metavar="ID", help="revoke the token with this id")


def _add_events(commands: _Commands) -> None:
    events = _add(
        commands, "events", "print the recorded events in order", "Each line is the envelope of one event, as JSON."
    )
    events.add_argument("--organization", metavar="ORG", help="only events of this organization (default: all)")
    events.add_argument("--after", metavar="ID", help="start after the event with this id")
    events.add_argument("--follow", action="store_true", help="keep waiting for new events until interrupted")
    undelivered = events.add_mutually_exclusive_group()
    undelivered.add_argument(
        "--waiting", action="store_true", help="print the undelivered events per group and sink, with the last error"
    )
    undelivered.add_argument("--failed", action="store_true", help="print the parked events, with their errors")
    undelivered.add_argument("--retry", action="store_true", help="requeue the parked events for delivery")


def _add_reads(commands: _Commands) -> None:
    reads = _add(
        commands,
        "reads",
        "print who read patients' records",
        "Each line is one request, as JSON, oldest first: user, time, operation and the ids of the patients.",
    )
    _require_organization(reads, "the organization whose log to print")
    reads.add_argument(
        "--patient", type=identifier(64), metavar="ID", help="only requests that read this patient's records"
    )


def _add_check(commands: _Commands) -> None:
    check = _add(
        commands,
        "check",
        "check the integrity of the data",
        "Checks seats, waitlists, history, events and references on one snapshot, and changes nothing."
        " Prints a line with the ids for each violation, and exits with status 1 if there are any.",
    )
    check.add_argument("--organization", metavar="ORG", help="only data of this organization (default: all)")


def _add_backup(commands: _Commands) -> None:
    backup = _add(
        commands,
        "backup",
        "write a snapshot of all data to a file",
        "Servers may keep running. `restore` loads the file into SQLite or PostgreSQL. See docs/backup.md.",
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="the file to create; it must not exist yet")


def _add_restore(commands: _Commands) -> None:
    restore = _add(
        commands,
        "restore",
        "load a backup into an empty database",
        "Restores everything or nothing, then checks the data. Also moves a clinic from SQLite to PostgreSQL.",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="a file that `backup` has written")


def _require_organization(parser: OneLineParser, description: str) -> None:
    parser.add_argument("--organization", required=True, type=identifier(64), metavar="ORG", help=description)

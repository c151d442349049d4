"""The command line's words: commands, their options, and what each accepts."""

import argparse
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from resolvers.caller import ROLES, PermissionKey
from server.runtime.version import program_version

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST: Final = timedelta(days=3660)


class OneLineParser(argparse.ArgumentParser):
    """A parser that tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


_Commands: TypeAlias = "argparse._SubParsersAction[OneLineParser]"  # noqa: SLF001 - argparse gives it no public name


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `command` in what it parses is the chosen one."""
    parser = OneLineParser(
        prog="group-sessions",
        description="Group-session scheduling for behavioural health: groups, sessions, seats, waitlists, compliance.",
        epilog="Settings come from the environment (DATABASE_URL, AUTH_JWT_SECRET, ...); docs/settings.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {program_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    _add_serve(commands)
    _add(commands, "migrate", "bring the database to the newest schema", "Safe to run twice, and by two at once.")
    _add(commands, "demo", "fill an empty database with the demo clinic", "Invented names, the same each time.")
    _add_import(commands)
    _add_token(commands)
    _add_events(commands)
    _add(
        commands,
        "relay",
        "deliver events to the configured sinks until interrupted",
        "`serve` does this as well; any number of relays share the work.",
    )
    _add_reads(commands)
    _add_check(commands)
    _add_backup(commands)
    _add_restore(commands)
    _add(commands, "export-schema", "print the GraphQL schema (SDL)", "What clients see, as a text.")
    return parser


def _add(commands: _Commands, name: str, does: str, more: str) -> OneLineParser:
    return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}. {more}")


def _add_serve(commands: _Commands) -> None:
    serve = _add(
        commands,
        "serve",
        "serve the API",
        "Needs sign-in to be configured, or --demo. SQLite is migrated on the way; PostgreSQL by `migrate`.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8000, help="port to listen on, 0 for any (default: %(default)s)")
    serve.add_argument("--workers", type=_workers, default=1, metavar="N", help="processes (default: %(default)s)")
    serve.add_argument(
        "--demo", action="store_true", help="serve the demo clinic on loopback, and print links that sign in"
    )


def _add_import(commands: _Commands) -> None:
    imports = _add(
        commands,
        "import-fhir",
        "load patients, staff and locations from FHIR R4",
        "Files hold Patient, Practitioner, PractitionerRole and Location resources as NDJSON, Bundles or single"
        " resources, also compressed with gzip; other types are skipped. Running it again changes nothing."
        " It ends with status 1 where anything was refused.",
    )
    imports.add_argument("--organization", required=True, type=_identifier(64), metavar="ORG", help="whose they are")
    imports.add_argument(
        "--identifier-system",
        type=_identifier(1000),
        metavar="URI",
        help="the system of the patients' record numbers (default: identifiers of type MR, PT, or a text such as MRN)",
    )
    imports.add_argument(
        "--full",
        action="store_true",
        help="the files hold all there is of each type in them: what they lack becomes inactive."
        " Without --confirm it is only counted, and nothing is changed",
    )
    imports.add_argument(
        "--confirm",
        type=_count,
        metavar="N",
        help="with --full: import the files, and make the N records inactive that were counted without --confirm",
    )
    imports.add_argument("--report", type=Path, metavar="FILE", help="write a report as JSON")
    imports.add_argument(
        "--allow-refused", action="store_true", help="end with status 0 even where some lines were refused"
    )
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file")


def _add_token(commands: _Commands) -> None:
    token = _add(
        commands,
        "token",
        "print a signed token, for development and scripts",
        "Signed with AUTH_JWT_SECRET; AUTH_ISSUER and AUTH_AUDIENCE go into it where they are set.",
    )
    token.add_argument(
        "--organization", required=True, type=_identifier(64), metavar="ORG", help="the caller's organization"
    )
    token.add_argument("--subject", required=True, type=_identifier(255), metavar="SUB", help="the caller's id")
    may = token.add_mutually_exclusive_group(required=True)
    may.add_argument(
        "--permission",
        nargs="+",
        action="extend",
        choices=[key.value for key in PermissionKey],
        metavar="KEY",
        help="what the caller may do: " + ", ".join(PermissionKey),
    )
    may.add_argument("--role", nargs="+", action="extend", choices=list(ROLES), metavar="ROLE", help=" or ".join(ROLES))
    token.add_argument(
        "--expires-in",
        type=_duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="how long it is good: seconds, or such as 30m, 8h, 7d (default: 1h)",
    )


def _add_events(commands: _Commands) -> None:
    events = _add(
        commands, "events", "print the recorded events in order", "One JSON object a line: the event's envelope."
    )
    events.add_argument("--organization", metavar="ORG", help="only this organization's (default: all)")
    events.add_argument("--after", metavar="ID", help="go on after the event with this id")
    events.add_argument("--follow", action="store_true", help="wait for new events until interrupted")
    relayed = events.add_mutually_exclusive_group()
    relayed.add_argument("--waiting", action="store_true", help="print what the relay has not delivered yet, and why")
    relayed.add_argument("--failed", action="store_true", help="print what the relay has parked, and why, instead")
    relayed.add_argument("--retry", action="store_true", help="have the relay send what is parked again")


def _add_reads(commands: _Commands) -> None:
    reads = _add(
        commands,
        "reads",
        "print who read patients' records",
        "One JSON object a line, oldest first: who, when, by which operation, and whose records.",
    )
    reads.add_argument("--organization", required=True, type=_identifier(64), metavar="ORG", help="whose log")
    reads.add_argument("--patient", type=_identifier(64), metavar="ID", help="only who read this patient's records")


def _add_check(commands: _Commands) -> None:
    check = _add(
        commands,
        "check",
        "check that the data is as it must be",
        "Seats, waitlists, history, events and references, as of one moment; changes nothing."
        " Each violation is a line with the ids concerned, and the command then ends with status 1.",
    )
    check.add_argument("--organization", metavar="ORG", help="only this organization's (default: all)")


def _add_backup(commands: _Commands) -> None:
    backup = _add(
        commands,
        "backup",
        "write all data to a file, as of one moment",
        "Right while servers are at work. The file is for `restore`, into either kind of database; docs/backup.md.",
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")


def _add_restore(commands: _Commands) -> None:
    restore = _add(
        commands,
        "restore",
        "load a backup into an empty database",
        "All of it or nothing; then the invariants are checked. This is also how SQLite moves to PostgreSQL.",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="what `backup` has written")


def _identifier(longest: int) -> Callable[[str], str]:
    def text(value: str) -> str:
        if not value.strip() or len(value) > longest:
            raise argparse.ArgumentTypeError(f"must be text of 1 to {longest} characters")
        return value

    return text


def _port(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > 65535:
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(value)


def _workers(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= 256:
        raise argparse.ArgumentTypeError("must be a number from 1 to 256")
    return int(value)


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise argparse.ArgumentTypeError("must be a number of records")
    return int(value)


def _duration(value: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", value)
    seconds = int(found.group(1)) * _UNITS[found.group(2)] if found else 0
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise argparse.ArgumentTypeError("must be seconds, or such as 30m, 8h, 7d; at most ten years")
    return timedelta(seconds=seconds)

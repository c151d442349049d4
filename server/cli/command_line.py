"""The console script `group-sessions`: runs a command, and tells in one line where it did not succeed."""

import argparse
import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.engine import Database, create_engine
from db.connections.faults import Busy, Unavailable, classify_fault
from db.migrations.schema_version import NewerSchema, UnreadableSchema
from resolvers.caller import PermissionKey
from server.auth.claims import ClaimRules
from server.auth.signing import sign_token
from server.cli.access_report import print_reads
from server.cli.arguments import command_parser
from server.cli.event_stream import follow_events, print_events
from server.cli.failed_events import print_parked, print_waiting, retry_parked
from server.runtime.command_error import CommandError
from server.runtime.logs import configure_logging
from server.runtime.ready_database import prepare_schema, refuse_unfit_login, refuse_unless_operator
from server.settings.environment import Settings, SettingsError, load_settings

_FAULTS_OF_DATABASE: Final = (
    EmulatedDBAPIException,  # of a connection that is refused, where no statement was to be run by it
    *(DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, PoolTimeoutError, Busy, Unavailable),
    *(ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError),  # the driver lets them through
)
_INTERRUPTED: Final = 130  # as shells tell it: 128 and the signal's number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of these arguments (by default the program's own) and return its exit status."""
    try:
        parsed = command_parser().parse_args(arguments)
        settings = load_settings()
        configure_logging(settings.log_level)
        _COMMANDS[parsed.command](parsed, settings)
        sys.stdout.flush()
    except (CommandError, SettingsError, NewerSchema, UnreadableSchema) as error:
        return _failed(str(error))
    except BrokenPipeError:
        # The reader has seen enough. What is left unwritten must not fail again while Python shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return _INTERRUPTED
    except _FAULTS_OF_DATABASE as error:
        return _failed(_fault_of_database(error))
    except OSError as error:
        return _failed(_system_reason(error))
    return 0


def _serve(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.serve import serve

    serve(settings, host=parsed.host, port=parsed.port, workers=parsed.workers, demo=parsed.demo)


def _migrate(_parsed: argparse.Namespace, settings: Settings) -> None:
    from db.migrations.catalog_repair import AdministratorNeeded
    from db.migrations.migrate import migrate

    async def bring(engine: Database) -> None:
        try:
            sys.stdout.write(f"{await migrate(engine)}\n")
        except AdministratorNeeded as error:
            raise CommandError(str(error)) from None

    _with_engine(settings, bring)


def _demo(_parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import create_clinic
    from server.demo.clinic import DatabaseNotEmpty, fill_demo_clinic

    async def fill(engine: Database) -> None:
        await _prepare(engine, "demo")
        try:
            made = await fill_demo_clinic(create_clinic(settings, engine))
        except DatabaseNotEmpty as error:
            raise CommandError(str(error)) from None
        sys.stdout.write(
            f"The demo clinic is there: {made.groups} groups, {made.sessions} sessions, {made.patients} patients,"
            f" {made.staff} staff, {made.locations} locations.\n"
        )

    _with_engine(settings, fill)


def _import_fhir(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.fhir.command import import_options, run_import

    options = import_options(parsed, settings.default_time_zone)

    async def load(engine: AsyncEngine) -> None:
        await _prepare(engine, "import-fhir")
        await run_import(engine, options, parsed.files, allow_refused=parsed.allow_refused)

    _with_engine(settings, load)


def _token(parsed: argparse.Namespace, settings: Settings) -> None:
    if settings.auth_jwt_secret is None:
        raise CommandError("tokens are signed with a shared secret: set AUTH_JWT_SECRET")
    try:
        token = sign_token(
            settings.auth_jwt_secret,
            organization_id=parsed.organization,
            subject=parsed.subject,
            permissions=[PermissionKey(key) for key in parsed.permission or ()],
            roles=parsed.role or (),
            expires_in=parsed.expires_in,
            issuer=settings.auth_issuer,
            audience=settings.auth_audience,
            rules=ClaimRules.from_settings(settings),
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    sys.stdout.write(f"{token}\n")


def _events(parsed: argparse.Namespace, settings: Settings) -> None:
    if parsed.waiting or parsed.failed or parsed.retry:
        _relayed_events(parsed, settings)
    elif parsed.follow:
        _follow_events(parsed, settings)
    else:
        _print_events(parsed, settings)


def _print_events(parsed: argparse.Namespace, settings: Settings) -> None:
    async def show(engine: AsyncEngine) -> None:
        await _prepare(engine, "events")
        await print_events(engine, sys.stdout.buffer, organization_id=parsed.organization, after=parsed.after)

    _with_engine(settings, show, may_create=False)


def _follow_events(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import ANSWER_SECONDS

    async def show(engine: AsyncEngine) -> None:
        await _prepare(engine, "events")
        out = sys.stdout.buffer
        await follow_events(engine, out, _say, organization_id=parsed.organization, after=parsed.after)

    with suppress(KeyboardInterrupt):  # interrupting is how following ends
        _with_engine(settings, show, command_timeout=ANSWER_SECONDS, may_create=False)


def _relayed_events(parsed: argparse.Namespace, settings: Settings) -> None:
    if parsed.after is not None or parsed.follow:
        raise CommandError("events: --waiting, --failed and --retry go with --organization alone")

    async def work(engine: AsyncEngine) -> None:
        await _prepare(engine, "events")
        if parsed.retry:
            await retry_parked(engine, sys.stdout, parsed.organization)
        elif parsed.waiting:
            await print_waiting(engine, sys.stdout.buffer, parsed.organization)
        else:
            await print_parked(engine, sys.stdout.buffer, parsed.organization)

    _with_engine(settings, work, may_create=False)


def _relay(_parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import ANSWER_SECONDS
    from server.events.relay import relay_of, run_until_signalled

    async def deliver(engine: AsyncEngine) -> None:
        relay = relay_of(settings, engine)
        if relay is None:
            raise CommandError(
                "there is nowhere to deliver events to: set EVENTS_WEBHOOK_URL with EVENTS_WEBHOOK_SECRET,"
                " or EVENTS_NOTIFY_CHANNEL"
            )
        await prepare_schema(engine)
        await refuse_unfit_login(engine, allow_owner=settings.allow_owner_login == "on")
        await run_until_signalled(relay)

    _with_engine(settings, deliver, command_timeout=ANSWER_SECONDS, may_create=False)


def _reads(parsed: argparse.Namespace, settings: Settings) -> None:
    async def show(engine: AsyncEngine) -> None:
        await _prepare(engine, "reads")
        await print_reads(engine, sys.stdout.buffer, parsed.organization, parsed.patient)

    _with_engine(settings, show, may_create=False)


def _check(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.check import check_database

    chosen = parsed.organization
    _with_engine(settings, lambda engine: check_database(engine, sys.stdout, organization_id=chosen), may_create=False)


def _backup(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.backups import back_up

    _with_engine(settings, lambda engine: back_up(engine, sys.stdout, parsed.file), may_create=False)


def _restore(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.backups import restore

    _with_engine(settings, lambda engine: restore(engine, sys.stdout, parsed.file))


def _export_schema(_parsed: argparse.Namespace, _settings: Settings) -> None:
    from schema.schema import export

    sys.stdout.write(export())


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Settings], None]]] = {
    "serve": _serve,
    "migrate": _migrate,
    "demo": _demo,
    "import-fhir": _import_fhir,
    "token": _token,
    "events": _events,
    "relay": _relay,
    "reads": _reads,
    "check": _check,
    "backup": _backup,
    "restore": _restore,
    "export-schema": _export_schema,
}


async def _prepare(engine: AsyncEngine, command: str) -> None:
    """Look whether an operator's command can do its work."""
    await prepare_schema(engine)
    await refuse_unless_operator(engine, command)


def _with_engine(
    settings: Settings,
    work: Callable[[Database], Awaitable[None]],
    command_timeout: float | None = None,
    *,
    may_create: bool = True,
) -> None:
    async def run() -> None:
        engine = create_engine(settings.database_url, command_timeout=command_timeout, may_create=may_create)
        try:
            await work(engine)
        finally:
            await engine.dispose()

    # Asked to end, a command cleans up as it does where it is interrupted.
    # A shell that starts a command in the background has it ignore SIGINT, and SIGTERM would be ignored with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    asyncio.run(run())


def _failed(message: str) -> int:
    _say(message)
    return 1


def _fault_of_database(error: BaseException) -> str:
    kind = classify_fault(error)
    what = "the database cannot be used" if kind is None else kind.reason
    return what if isinstance(error, Busy | Unavailable) else f"{what}: {_reason(error)}"


def _say(message: str) -> None:
    sys.stderr.write(f"group-sessions: {' '.join(message.split())}\n")
    sys.stderr.flush()


def _system_reason(error: OSError) -> str:
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, FileNotFoundError):  # the driver does not name the Unix socket that is not there
        return "the database cannot be reached: there is no socket in the folder that DATABASE_URL names as host"
    return _reason(error)


def _reason(error: BaseException) -> str:
    """Return the first line of the innermost error: drivers add the statement, a link, and a hint below it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

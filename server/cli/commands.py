"""The commands by name. Each imports what only it needs, so that a small command starts fast."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from server.auth.claims import ClaimRules
from server.auth.signing import sign_token
from server.cli.access_report import print_reads
from server.cli.events_command import run_events
from server.cli.with_database import prepare_for_operator, run_with_database
from server.runtime.command_error import CommandError
from server.runtime.ready_database import prepare_schema, refuse_unfit_login
from server.settings.environment import Settings

if TYPE_CHECKING:
    from server.imports.record_file import RecordFile
_TOKEN_LIFETIME: Final = timedelta(hours=1)


def _serve(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.serve import serve

    serve(settings, host=parsed.host, port=parsed.port, workers=parsed.workers, demo=parsed.demo)


def _migrate(_parsed: argparse.Namespace, settings: Settings) -> None:
    from db.migrations.catalog_repair import AdministratorNeeded
    from db.migrations.migrate import migrate

    async def bring_up_to_date(engine: Database) -> None:
        try:
            sys.stdout.write(f"{await migrate(engine)}\n")
        except AdministratorNeeded as error:
            raise CommandError(str(error)) from None

    run_with_database(settings, bring_up_to_date)


def _demo(_parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import create_clinic
    from server.demo.clinic import DatabaseNotEmpty, fill_demo_clinic

    async def fill(engine: Database) -> None:
        await prepare_for_operator(engine, "demo")
        try:
            counts = await fill_demo_clinic(create_clinic(settings, engine))
        except DatabaseNotEmpty as error:
            raise CommandError(str(error)) from None
        sys.stdout.write(
            f"Created the demo clinic: {counts.groups} groups, {counts.sessions} sessions, {counts.patients} patients,"
            f" {counts.staff} staff, {counts.locations} locations.\n"
        )

    run_with_database(settings, fill)


def _import_fhir(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.imports.command import fhir_files

    _import_files(parsed, settings, fhir_files(parsed))


def _import_csv(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.imports.command import csv_files

    _import_files(parsed, settings, csv_files(parsed))


def _import_files(parsed: argparse.Namespace, settings: Settings, files: "Sequence[RecordFile]") -> None:
    from server.imports.command import import_options, run_import

    options = import_options(parsed, settings.default_time_zone, files)

    async def load(engine: AsyncEngine) -> None:
        await prepare_for_operator(engine, parsed.command)
        await run_import(engine, options, files, allow_refused=parsed.allow_refused)

    run_with_database(settings, load)


def _token(parsed: argparse.Namespace, settings: Settings) -> None:
    if parsed.reporting:
        _reporting_token(parsed, settings)
        return
    if settings.auth_jwt_secret is None:
        raise CommandError("`token` signs with a shared secret: set AUTH_JWT_SECRET")
    try:
        token = sign_token(
            settings.auth_jwt_secret,
            organization_id=parsed.organization,
            subject=parsed.subject,
            permissions=[PermissionKey(key) for key in parsed.permission or ()],
            roles=parsed.role or (),
            expires_in=parsed.expires_in or _TOKEN_LIFETIME,
            issuer=settings.auth_issuer,
            audience=settings.auth_audience,
            rules=ClaimRules.from_settings(settings),
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    sys.stdout.write(f"{token}\n")


def _reporting_token(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.reporting_tokens import make_token

    async def make(engine: Database) -> None:
        await prepare_for_operator(engine, "token --reporting")
        await make_token(engine, sys.stdout, parsed, ClaimRules.from_settings(settings).role_permissions)

    run_with_database(settings, make)


def _reporting_tokens(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.reporting_tokens import list_tokens, revoke_token

    async def run(engine: Database) -> None:
        await prepare_for_operator(engine, "reporting-tokens")
        if parsed.revoke is None:
            await list_tokens(engine, sys.stdout.buffer, parsed.organization)
        else:
            await revoke_token(engine, sys.stdout, parsed.organization, parsed.revoke)

    run_with_database(settings, run, may_create=False)


def _relay(_parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import COMMAND_TIMEOUT_SECONDS
    from server.events.relay import relay_of, run_until_signalled

    async def deliver(engine: AsyncEngine) -> None:
        relay = relay_of(settings, engine)
        if relay is None:
            raise CommandError(
                "no event sink is configured: set EVENTS_WEBHOOK_URL and EVENTS_WEBHOOK_SECRET, or"
                " EVENTS_NOTIFY_CHANNEL"
            )
        await prepare_schema(engine)
        await refuse_unfit_login(engine, allow_owner=settings.allow_owner_login == "on")
        await run_until_signalled(relay)

    run_with_database(settings, deliver, command_timeout=COMMAND_TIMEOUT_SECONDS, may_create=False)


def _reads(parsed: argparse.Namespace, settings: Settings) -> None:
    async def show(engine: AsyncEngine) -> None:
        await prepare_for_operator(engine, "reads")
        await print_reads(engine, sys.stdout.buffer, parsed.organization, parsed.patient)

    run_with_database(settings, show, may_create=False)


def _check(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.check import check_database

    async def check(engine: AsyncEngine) -> None:
        await check_database(engine, sys.stdout, organization_id=parsed.organization)

    run_with_database(settings, check, may_create=False)


def _backup(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.backups import back_up

    run_with_database(settings, lambda engine: back_up(engine, sys.stdout, parsed.file), may_create=False)


def _restore(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.cli.backups import restore

    run_with_database(settings, lambda engine: restore(engine, sys.stdout, parsed.file))


def _export_schema(_parsed: argparse.Namespace, _settings: Settings) -> None:
    from schema.schema import export

    sys.stdout.write(export())


COMMANDS: Final[dict[str, Callable[[argparse.Namespace, Settings], None]]] = {
    "serve": _serve,
    "migrate": _migrate,
    "demo": _demo,
    "import-csv": _import_csv,
    "import-fhir": _import_fhir,
    "token": _token,
    "reporting-tokens": _reporting_tokens,
    "events": run_events,
    "relay": _relay,
    "reads": _reads,
    "check": _check,
    "backup": _backup,
    "restore": _restore,
    "export-schema": _export_schema,
}

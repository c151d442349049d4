"""The command `events`: prints the event stream, and shows or retries what the relay has not delivered."""

import argparse
import sys
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from server.cli.event_stream import follow_events, print_events
from server.cli.messages import print_message
from server.cli.undelivered_events import print_parked, print_waiting, retry_parked
from server.cli.with_database import prepare_for_operator, run_with_database
from server.runtime.command_error import CommandError
from server.settings.environment import Settings


def run_events(parsed: argparse.Namespace, settings: Settings) -> None:
    """Run the command with these arguments. Raise CommandError if they do not go together."""
    if parsed.waiting or parsed.failed or parsed.retry:
        _undelivered(parsed, settings)
    elif parsed.follow:
        _follow(parsed, settings)
    else:
        _print(parsed, settings)


def _print(parsed: argparse.Namespace, settings: Settings) -> None:
    async def show(engine: AsyncEngine) -> None:
        await prepare_for_operator(engine, "events")
        await print_events(engine, sys.stdout.buffer, organization_id=parsed.organization, after=parsed.after)

    run_with_database(settings, show, may_create=False)


def _follow(parsed: argparse.Namespace, settings: Settings) -> None:
    from server.app import COMMAND_TIMEOUT_SECONDS

    async def show(engine: AsyncEngine) -> None:
        await prepare_for_operator(engine, "events")
        out = sys.stdout.buffer
        await follow_events(engine, out, print_message, organization_id=parsed.organization, after=parsed.after)

    with suppress(KeyboardInterrupt):  # --follow ends only by an interrupt, so that is a success
        run_with_database(settings, show, command_timeout=COMMAND_TIMEOUT_SECONDS, may_create=False)


def _undelivered(parsed: argparse.Namespace, settings: Settings) -> None:
    if parsed.after is not None or parsed.follow:
        raise CommandError(
            "events: --waiting, --failed and --retry accept no other option than --organization;"
            " leave out --after and --follow"
        )

    async def work(engine: AsyncEngine) -> None:
        await prepare_for_operator(engine, "events")
        if parsed.retry:
            await retry_parked(engine, sys.stdout, parsed.organization)
        elif parsed.waiting:
            await print_waiting(engine, sys.stdout.buffer, parsed.organization)
        else:
            await print_parked(engine, sys.stdout.buffer, parsed.organization)

    run_with_database(settings, work, may_create=False)

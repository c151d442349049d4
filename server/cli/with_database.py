"""Runs a command's work on the configured database."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.engine import Database, create_engine
from server.runtime.ready_database import prepare_schema, refuse_unless_operator
from server.settings.environment import Settings


def run_with_database(
    settings: Settings,
    work: Callable[[Database], Awaitable[None]],
    *,
    command_timeout: float | None = None,
    may_create: bool = True,
) -> None:
    """Run the work in an event loop, and close the database's connections after it.

    Args:
        settings: The settings, which name the database.
        work: The work.
        command_timeout: The timeout of a statement; None for no timeout.
        may_create: Whether a missing SQLite file is created.
    """

    async def run() -> None:
        engine = create_engine(
            settings.database_url, settings.pooling, command_timeout=command_timeout, may_create=may_create
        )
        try:
            await work(engine)
        finally:
            await engine.dispose()

    # SIGTERM cleans up as SIGINT does. A shell starts a background command with SIGINT ignored, so both need a handler.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    asyncio.run(run())


async def prepare_for_operator(engine: AsyncEngine, command: str) -> None:
    """Raise CommandError if the schema is outdated, or if the login may not run this command."""
    await prepare_schema(engine)
    await refuse_unless_operator(engine, command)

"""Brings a database to the newest schema."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import LOCK_WAIT, WRITES
from db.schema_version import refuse_newer, revision_of

SCRIPTS = "db:migrations"
"""Where Alembic finds its environment and the versions."""

# Any number that nobody else uses: the advisory lock that lets one process migrate at a time.
_MIGRATION_LOCK = 7_046_029_254_386_353_131

# How long another process may migrate on SQLite while this one waits: a large database takes its time.
_PATIENCE_SECONDS = 600.0


async def migrate(engine: AsyncEngine) -> None:
    """Brings the database to the newest schema, in one transaction: all of it or nothing.

    Safe to run twice, and by several processes at once: the second waits for the first and finds nothing to do.

    Raises:
        NewerSchema: Where the database is ahead of this code.
    """
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: _PATIENCE_SECONDS})
        async with connection.begin():
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    refuse_newer(revision_of(connection))
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Brings a database to the newest schema, and tells whether it has it."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import LOCK_WAIT, WRITES

# A name of its own: other modules may keep tables, and Alembic, in the same PostgreSQL database.
VERSION_TABLE = "pm_group_schema_version"

# Any number that nobody else uses: the advisory lock that lets one process migrate at a time.
_MIGRATION_LOCK = 7_046_029_254_386_353_131

# How long another process may migrate on SQLite while this one waits: a large database takes its time.
_PATIENCE_SECONDS = 600.0


class NewerSchema(Exception):
    """The database has a schema that this code does not know: a newer program has migrated it."""

    def __init__(self) -> None:
        super().__init__("the database has the schema of a newer version of this program: run that version")


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


async def current_revision(engine: AsyncEngine) -> str | None:
    """Gives the revision that the database is at; None where it has no schema yet."""
    async with engine.connect() as connection:
        return await connection.run_sync(_revision)


async def schema_is_current(engine: AsyncEngine) -> bool:
    """Tells whether the database has the newest schema that this code knows. Raises NewerSchema."""
    revision = await current_revision(engine)
    _refuse_newer(revision)
    return revision == newest_revision()


async def schema_is_older(engine: AsyncEngine) -> bool:
    """Tells whether the database lacks a schema, or has one that this code has left behind.

    One that this code does not know yet is newer: while servers are replaced, old ones work on with it.
    """
    return await current_revision(engine) in _older_revisions()


@cache
def _older_revisions() -> frozenset[str | None]:
    scripts = ScriptDirectory.from_config(_config())
    return frozenset({None, *(each.revision for each in scripts.walk_revisions())}) - {scripts.get_current_head()}


def newest_revision() -> str | None:
    """Gives the newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    return config


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerSchema


def _upgrade(connection: Connection) -> None:
    _refuse_newer(_revision(connection))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()

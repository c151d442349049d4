"""Brings a database to the newest schema, and its catalog to what it must hold."""

from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.engine import LOCK_WAIT, WRITES
from db.migrations.catalog import find_missing
from db.migrations.catalog_repair import lift_row_security, refuse_closed_schema, refuse_foreign_tables, repair_catalog
from db.migrations.schema_version import REVISIONS, refuse_newer, revision_of

SCRIPTS = "db:migrations"
"""Where Alembic finds its environment and the versions."""

# Any number that nobody else uses: the advisory lock that lets one process migrate at a time.
_MIGRATION_LOCK = 7_046_029_254_386_353_131

# How long another process may migrate on SQLite while this one waits: a large database takes its time.
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """What migrating has done.

    Attributes:
        before: The revision that the database was at; None where it had no schema.
        after: The revision that it is at now.
        repaired: The names of what the catalog lacked.
    """

    before: str | None
    after: str
    repaired: tuple[str, ...]

    def __str__(self) -> str:
        if self.before is None:
            return f"The database was empty, and has schema {self.after} now."
        done = []
        if self.before != self.after:
            done.append(f"brought from schema {self.before} to {self.after}")
        if self.repaired:
            done.append(f"given what its catalog lacked: {', '.join(self.repaired)}")
        changes = ", and ".join(done)
        return f"The database was {changes}." if done else f"The database has schema {self.after}: nothing to do."


async def migrate(engine: AsyncEngine) -> MigrationResult:
    """Bring the database to the newest schema and mend its catalog, in one transaction: all of it or nothing.

    Safe to run twice, and by several processes at once: the second waits for the first and finds nothing to do.

    Raises:
        NewerSchema: Where the database is ahead of this code.
        AdministratorNeeded: Where the login may not do what is needed.
    """
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: _PATIENCE_SECONDS})
        async with connection.begin():
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            return await connection.run_sync(_migrate)


def _migrate(connection: Connection) -> MigrationResult:
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        refuse_foreign_tables(connection)
    before = revision_of(connection)
    refuse_newer(before)
    newest = REVISIONS[-1]
    if before == newest and not find_missing(connection):
        repaired = repair_catalog(connection)  # the login may yet have to join the roles
        return MigrationResult(before, newest, tuple(each.name for each in repaired))
    if on_postgresql:
        refuse_closed_schema(connection)
        lift_row_security(connection)
    _upgrade(connection)
    repaired = repair_catalog(connection)
    return MigrationResult(before, newest, tuple(each.name for each in repaired))


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

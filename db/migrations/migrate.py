"""Migrates a database to the newest schema, and repairs its catalog."""

from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.engine import LOCK_WAIT, WRITES
from db.migrations.catalog import find_missing
from db.migrations.catalog_repair import (
    check_create_privilege,
    check_table_owner,
    install_reporting,
    repair_catalog,
    suspend_row_security,
)
from db.migrations.schema_version import REVISIONS, check_not_newer, revision_of

SCRIPTS = "db:migrations"
"""Where Alembic finds `env.py` and `versions`."""

# The key of the advisory lock for migrating: an arbitrary number that nothing else uses.
_MIGRATION_LOCK = 7_046_029_254_386_353_131

# How long to wait on SQLite for another process that migrates. Migrating a large database takes long.
_LOCK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """The result of a migration.

    Attributes:
        before: The revision before. None if the database had no schema.
        after: The revision now.
        repaired: The names of what was missing from the catalog.
        notices: What the login may not make, and can do without.
    """

    before: str | None
    after: str
    repaired: tuple[str, ...]
    notices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self._changes(), *self.notices))

    def _changes(self) -> str:
        if self.before is None:
            return f"Created the schema {self.after} in an empty database."
        changes = []
        if self.before != self.after:
            changes.append(f"Migrated the database from schema {self.before} to {self.after}.")
        if self.repaired:
            changes.append(f"Repaired the catalog: {', '.join(self.repaired)}.")
        return " ".join(changes) or f"The database already has the newest schema ({self.after}). Nothing was changed."


async def migrate(engine: AsyncEngine) -> MigrationResult:
    """Migrate the database to the newest schema and repair its catalog, in one transaction.

    It is safe to run this again, and in several processes at once: the second waits for the first and changes nothing.

    Raises:
        NewerSchema: The schema is newer than this code.
        AdministratorNeeded: The login lacks privileges.
    """
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: _LOCK_SECONDS})
        async with connection.begin():
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            return await connection.run_sync(_migrate)


def _migrate(connection: Connection) -> MigrationResult:
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        check_table_owner(connection)
    before = revision_of(connection)
    check_not_newer(before)
    newest = REVISIONS[-1]
    if before == newest and not find_missing(connection):
        notices = install_reporting(connection)
        repaired = repair_catalog(connection)  # the login may still have to join the roles
        return MigrationResult(before, newest, tuple(requirement.name for requirement in repaired), notices)
    if on_postgresql:
        check_create_privilege(connection)
        suspend_row_security(connection)
    _upgrade(connection)
    notices = install_reporting(connection)
    repaired = repair_catalog(connection)
    return MigrationResult(before, newest, tuple(requirement.name for requirement in repaired), notices)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

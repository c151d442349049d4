"""Reads the schema revision of a database, and compares it with the revisions that this program knows.

This does not import Alembic, which takes some 11 MB of memory. Only `db.migrations.migrate` needs it.
"""

import re
from importlib.resources import files
from typing import Final

from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.migrations import versions

# Not Alembic's default name: other applications may use Alembic in the same PostgreSQL database.
VERSION_TABLE: Final = "pm_group_schema_version"

_REVISION: Final = re.compile(r'^revision = "(\w+)"\ndown_revision = (?:"(\w+)"|None)$', re.MULTILINE)


def _revisions() -> tuple[str, ...]:
    # The order of the numbers is not always the order of the revisions.
    texts = [file.read_text() for file in files(versions).iterdir() if re.fullmatch(r"\d+_\w+[.]py", file.name)]
    follows = {match[2]: match[1] for match in map(_REVISION.search, texts) if match}
    ordered: list[str] = []
    while (following := follows.get(ordered[-1] if ordered else None)) is not None:
        ordered.append(following)
    return tuple(ordered)


REVISIONS: Final = _revisions()
"""The revisions that this code knows, in the order in which they are applied."""

_MAY_READ: Final = text("SELECT has_table_privilege(to_regclass(:name), 'SELECT')")


class NewerSchema(Exception):
    """The database has a schema that this code does not know. A newer version of the program has migrated it."""

    def __init__(self) -> None:
        super().__init__("the database has the schema of a newer version of this program. Run that version")


class UnreadableSchema(Exception):
    """The login may not read the schema revision. Privileges are missing, for example after a dump was restored."""

    def __init__(self) -> None:
        super().__init__(
            "the database lacks privileges, and may lack roles, policies and triggers. Run `group-sessions migrate`"
            " with the login that owns the tables"
        )


async def schema_is_current(engine: AsyncEngine) -> bool:
    """Return whether the database has the newest schema that this code knows. Raise NewerSchema if it is even newer."""
    revision = await current_revision(engine)
    check_not_newer(revision)
    return revision == REVISIONS[-1]


def is_older(revision: str | None) -> bool:
    """Return whether a revision is older than the newest one that this code knows. None, no schema, counts as older.

    An unknown revision is newer. During a rolling upgrade, old servers continue to work with it.
    """
    return revision in (None, *REVISIONS[:-1])


async def current_revision(engine: AsyncEngine) -> str | None:
    """Return the revision of the database. None if it has no schema."""
    async with engine.connect() as connection:
        return await connection.run_sync(revision_of)


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a connection's database. None if it has no schema. Raise UnreadableSchema."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    if connection.dialect.name == "postgresql" and not connection.scalar(_MAY_READ, {"name": VERSION_TABLE}):
        raise UnreadableSchema
    stored: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return stored


def check_not_newer(revision: str | None) -> None:
    """Raise NewerSchema if this code does not know the revision."""
    if revision is not None and revision not in REVISIONS:
        raise NewerSchema

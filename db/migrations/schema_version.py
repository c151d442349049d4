"""Which schema a database has, and whether it is the one that this program knows.

Told without Alembic, which makes schemas (db.migrations.migrate): it takes some 11 MB, and a server only has to look.
"""

import re
from importlib.resources import files
from typing import Final

from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.migrations import versions

# A name of its own: other modules may keep tables, and Alembic, in the same PostgreSQL database.
VERSION_TABLE: Final = "pm_group_schema_version"

_REVISION: Final = re.compile(r'^revision = "(\w+)"\ndown_revision = (?:"(\w+)"|None)$', re.MULTILINE)


def _revisions() -> tuple[str, ...]:
    # Their numbers say who came first to write one, not which is applied first.
    texts = [each.read_text() for each in files(versions).iterdir() if re.fullmatch(r"\d+_\w+[.]py", each.name)]
    follows = {found[2]: found[1] for found in map(_REVISION.search, texts) if found}
    ordered: list[str] = []
    while (following := follows.get(ordered[-1] if ordered else None)) is not None:
        ordered.append(following)
    return tuple(ordered)


REVISIONS: Final = _revisions()
"""The revisions that this code knows, in the order in which they are applied."""


_MAY_READ: Final = text("SELECT has_table_privilege(to_regclass(:name), 'SELECT')")


class NewerSchema(Exception):
    """The database has a schema that this code does not know: a newer program has migrated it."""

    def __init__(self) -> None:
        super().__init__("the database has the schema of a newer version of this program: run that version")


class UnreadableSchema(Exception):
    """The login may not even read which schema the database has: privileges were lost, as by restoring a dump."""

    def __init__(self) -> None:
        super().__init__(
            "the database lacks privileges, and may lack roles, policies and triggers: run `group-sessions migrate`"
            " with the login that owns the tables"
        )


async def schema_is_current(engine: AsyncEngine) -> bool:
    """Return whether the database has the newest schema that this code knows. Raise NewerSchema."""
    revision = await current_revision(engine)
    refuse_newer(revision)
    return revision == REVISIONS[-1]


def is_older(revision: str | None) -> bool:
    """Return whether a database lacks a schema, or has one that this code has left behind.

    One that this code does not know yet is newer: while servers are replaced, old ones work on with it.
    """
    return revision in (None, *REVISIONS[:-1])


async def current_revision(engine: AsyncEngine) -> str | None:
    """Return the revision that the database is at; None where it has no schema yet."""
    async with engine.connect() as connection:
        return await connection.run_sync(revision_of)


def revision_of(connection: Connection) -> str | None:
    """Return the same of a connection's database. Raise UnreadableSchema."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    if connection.dialect.name == "postgresql" and not connection.scalar(_MAY_READ, {"name": VERSION_TABLE}):
        raise UnreadableSchema
    stored: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return stored


def refuse_newer(revision: str | None) -> None:
    """Raise NewerSchema where this code does not know the revision."""
    if revision is not None and revision not in REVISIONS:
        raise NewerSchema

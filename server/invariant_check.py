"""Tells an operator whether the invariants hold, and where they do not."""

from typing import TextIO

from sqlalchemy.ext.asyncio import AsyncEngine

from db.catalog import missing_from_catalog
from db.integrity import damage
from db.invariants import check_invariants
from db.roles import Role
from db.schema_version import schema_is_current
from db.violations import Violation
from domain.changes import EntityType
from server.command_error import CommandError
from server.ready_database import OLD_SCHEMA, refuse_unless_operator


async def check_database(engine: AsyncEngine, out: TextIO, *, organization_id: str | None) -> None:
    """Writes a line for each violation as it is found, or one that says what was looked at where there is none.

    Args:
        engine: The database.
        out: Where the lines go.
        organization_id: The organization to check; None checks all.

    Raises:
        CommandError: Where an invariant does not hold, the catalog lacks something, the schema is another than this
            program's, or the login may not look across organizations.
    """
    # Not prepare_schema: a check changes nothing, on SQLite neither.
    if not await schema_is_current(engine):
        raise CommandError(OLD_SCHEMA)
    lacking = await missing_from_catalog(engine)
    out.writelines(f"catalog_is_whole missing={requirement.name.replace(' ', '_')}\n" for requirement in lacking)
    if any(Role.OPERATOR in requirement.name or "_of_operators" in requirement.name for requirement in lacking):
        out.flush()
        raise CommandError(
            f"violations found: {len(lacking):,}; the data cannot be read for more before `group-sessions migrate`"
        )
    damaged = await damage(engine)
    out.writelines(f"database_is_whole damaged={what}\n" for what in damaged)
    if "file" in damaged:
        out.flush()
        raise CommandError("the database file is damaged: restore a backup")
    await refuse_unless_operator(engine, "check")

    def report(violation: Violation) -> None:
        out.write(f"{violation}\n")

    checked = await check_invariants(engine, report, organization_id)
    if found := checked.violations + len(lacking) + len(damaged):
        out.flush()
        raise CommandError(f"violations found: {found:,}")
    groups, sessions, enrollments = (
        checked.records[kind] for kind in (EntityType.GROUP_DEFINITION, EntityType.OCCURRENCE, EntityType.ENROLLMENT)
    )
    out.write(
        f"All invariants hold. Organizations: {checked.organizations:,}, groups: {groups:,}, sessions: {sessions:,},"
        f" enrollments: {enrollments:,}, history: {checked.history:,}, events: {checked.events:,}.\n"
    )

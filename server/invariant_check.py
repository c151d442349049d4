"""Tells an operator whether the invariants hold, and where they do not."""

from typing import TextIO

from sqlalchemy.ext.asyncio import AsyncEngine

from db.invariants import check_invariants
from db.schema_version import schema_is_current
from db.violations import Violation
from domain.changes import EntityType
from server.command_error import CommandError


async def check_database(engine: AsyncEngine, out: TextIO, *, organization_id: str | None) -> None:
    """Writes a line for each violation as it is found, or one that says what was looked at where there is none.

    Args:
        engine: The database.
        out: Where the lines go.
        organization_id: The organization to check; None checks all.

    Raises:
        CommandError: Where an invariant does not hold, or the schema is another than this program's.
    """
    # Not prepare_schema: a check changes nothing, on SQLite neither.
    if not await schema_is_current(engine):
        raise CommandError("the database does not have the newest schema: run `group-sessions migrate`")

    def report(violation: Violation) -> None:
        out.write(f"{violation}\n")

    checked = await check_invariants(engine, report, organization_id)
    if checked.violations:
        out.flush()
        raise CommandError(f"violations found: {checked.violations:,}")
    groups, sessions, enrollments = (
        checked.records[kind] for kind in (EntityType.GROUP_DEFINITION, EntityType.OCCURRENCE, EntityType.ENROLLMENT)
    )
    out.write(
        f"All invariants hold. Organizations: {checked.organizations:,}, groups: {groups:,}, sessions: {sessions:,},"
        f" enrollments: {enrollments:,}, history: {checked.history:,}, events: {checked.events:,}.\n"
    )

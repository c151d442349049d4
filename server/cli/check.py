"""Says to an operator whether the invariants hold, and where they do not."""

from typing import TextIO

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.faults import FaultKind, classify_fault
from db.connections.roles import Role
from db.invariants.check import check_invariants
from db.invariants.integrity import check_integrity
from db.invariants.notices import Notice
from db.invariants.violations import Violation
from db.migrations.catalog import missing_from_catalog
from db.migrations.schema_version import schema_is_current
from domain.changes import EntityType
from server.runtime.command_error import CommandError
from server.runtime.ready_database import OLD_SCHEMA, refuse_unless_operator


async def check_database(engine: AsyncEngine, out: TextIO, *, organization_id: str | None) -> None:
    """Write a line for each violation and notice as it is found, and what was looked at where there is no violation.

    Args:
        engine: The database.
        out: Where the lines go.
        organization_id: The organization to check; None checks all.

    Raises:
        CommandError: Where an invariant does not hold, the database is damaged, its catalog lacks something, the schema
            is another than this program's, or the login may not look across organizations.
    """
    try:
        await _check(engine, out, organization_id)
    except Exception as fault:  # sorted below; what is no damage is raised on
        if classify_fault(fault) is not FaultKind.DAMAGED:
            raise
        raise CommandError(f"{FaultKind.DAMAGED.reason}: restore a backup") from fault
    finally:
        out.flush()


async def _check(engine: AsyncEngine, out: TextIO, organization_id: str | None) -> None:
    # Not prepare_schema: a check changes nothing, on SQLite neither.
    if not await schema_is_current(engine):
        raise CommandError(OLD_SCHEMA)
    lacking = await missing_from_catalog(engine)
    out.writelines(f"catalog_is_whole missing={requirement.name.replace(' ', '_')}\n" for requirement in lacking)
    if any(Role.OPERATOR in requirement.name or "_of_operators" in requirement.name for requirement in lacking):
        raise CommandError(
            f"violations found: {len(lacking):,}; the data cannot be read for more before `group-sessions migrate`"
        )
    await refuse_unless_operator(engine, "check")
    integrity = await check_integrity(engine)
    damaged = integrity.damaged
    out.writelines(f"database_is_whole damaged={what}\n" for what in damaged)
    if integrity.unchecked is not None:
        out.write(f"notice indexes_not_checked: {integrity.unchecked}\n")

    def report(found: Violation | Notice) -> None:
        out.write(f"{found}\n")

    checked = await check_invariants(engine, report, organization_id, report)
    if found := checked.violations + len(lacking) + len(damaged):
        raise CommandError(f"violations found: {found:,}")
    groups, sessions, enrollments = (
        checked.records[kind] for kind in (EntityType.GROUP_DEFINITION, EntityType.OCCURRENCE, EntityType.ENROLLMENT)
    )
    out.write(
        f"All invariants hold. Organizations: {checked.organizations:,}, groups: {groups:,}, sessions: {sessions:,},"
        f" enrollments: {enrollments:,}, history: {checked.history:,}, events: {checked.events:,}.\n"
    )
    if checked.notices:
        out.write(f"Inactive patients who are seated or wait: {checked.notices:,}. No seat is taken from them.\n")

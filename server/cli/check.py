"""The command `check`: reports to the operator whether the invariants hold."""

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
    """Write a line for each violation and notice as it occurs, and the number of checked records if none is violated.

    Args:
        engine: The database.
        out: Receives the lines.
        organization_id: The organization to check; None checks all.

    Raises:
        CommandError: An invariant is violated, the database is damaged, its catalog is incomplete, its schema has
            another version than this program, or the login may not read across organizations.
    """
    try:
        await _check(engine, out, organization_id)
    except Exception as fault:
        if classify_fault(fault) is not FaultKind.DAMAGED:
            raise
        raise CommandError(f"{FaultKind.DAMAGED.reason}: restore a backup") from fault
    finally:
        out.flush()


async def _check(engine: AsyncEngine, out: TextIO, organization_id: str | None) -> None:
    # Not prepare_schema, which would migrate an SQLite file: a check changes nothing.
    if not await schema_is_current(engine):
        raise CommandError(OLD_SCHEMA)
    missing = await missing_from_catalog(engine)
    out.writelines(f"catalog_is_whole missing={requirement.name.replace(' ', '_')}\n" for requirement in missing)
    if any(Role.OPERATOR in requirement.name or "_of_operators" in requirement.name for requirement in missing):
        raise CommandError(
            f"violations found: {len(missing):,}; the data cannot be read and was not checked:"
            " run `group-sessions migrate`, then check again"
        )
    await refuse_unless_operator(engine, "check")
    integrity = await check_integrity(engine)
    out.writelines(f"database_is_whole damaged={name}\n" for name in integrity.damaged)
    if integrity.unchecked is not None:
        out.write(f"notice indexes_not_checked: {integrity.unchecked}\n")

    def report(line: Violation | Notice) -> None:
        out.write(f"{line}\n")

    checked = await check_invariants(engine, report, organization_id, report)
    if violations := checked.violations + len(missing) + len(integrity.damaged):
        raise CommandError(f"violations found: {violations:,}")
    kinds = (EntityType.GROUP_DEFINITION, EntityType.OCCURRENCE, EntityType.ENROLLMENT, EntityType.CLOSURE)
    groups, sessions, enrollments, closures = (checked.records[kind] for kind in kinds)
    out.write(
        f"All invariants hold. Organizations: {checked.organizations:,}, groups: {groups:,}, sessions: {sessions:,},"
        f" enrollments: {enrollments:,}, closures: {closures:,}, history: {checked.history:,},"
        f" events: {checked.events:,}.\n"
    )
    if checked.notices:
        out.write(f"Inactive patients with a seat or a waitlist place, which they keep: {checked.notices:,}.\n")

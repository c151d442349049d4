"""Loading a locked group's roster, and storing what was decided on it."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from db.rows import ENROLLMENT_COLUMNS, enrollment_record
from db.tables import enrollments
from db.unit_of_work import UnitOfWork
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition
from domain.roster import Roster, RosterChange

_STORED = tuple(field.name for field in fields(Enrollment))


async def find_enrollment(work: UnitOfWork, enrollment_id: UUID) -> Enrollment | None:
    """Gives an enrollment of the organization, a removed one too. Decide on it only while its group is locked."""
    row = (
        await work.connection.execute(
            select(*ENROLLMENT_COLUMNS).where(
                enrollments.c.organization_id == work.organization_id, enrollments.c.id == enrollment_id
            )
        )
    ).first()
    return None if row is None else enrollment_record(row)


async def roster_of(work: UnitOfWork, group: GroupDefinition) -> Roster:
    """Gives the roster of a group that this transaction has locked."""
    rows = await work.connection.execute(
        select(*ENROLLMENT_COLUMNS)
        .where(
            enrollments.c.organization_id == work.organization_id,
            enrollments.c.group_definition_id == group.id,
            enrollments.c.status != EnrollmentStatus.DISENROLLED.value,
        )
        .order_by(enrollments.c.place, enrollments.c.id)
    )
    active = [enrollment_record(row) for row in rows]
    return Roster(
        group.id,
        group.max_capacity,
        tuple(held for held in active if held.status == EnrollmentStatus.ENROLLED),
        tuple(held for held in active if held.status == EnrollmentStatus.WAITLISTED),
    )


async def save_roster(work: UnitOfWork, change: RosterChange) -> None:
    """Stores every step of a decision with its history and events."""
    new = [_columns(step.after) for step in change.steps if step.before is None]
    if new:
        await work.connection.execute(
            insert(enrollments), [{**row, "organization_id": work.organization_id} for row in new]
        )
    edited = [_columns(step.after) for step in change.steps if step.before is not None]
    if edited:
        await work.connection.execute(
            update(enrollments)
            .where(enrollments.c.organization_id == work.organization_id, enrollments.c.id == bindparam("id_"))
            .values({column: bindparam(f"{column}_") for column in _STORED if column != "id"}),
            [{f"{name}_": value for name, value in row.items()} for row in edited],
        )
    work.record(change.events, change.history)


def _columns(enrollment: Enrollment) -> dict[str, Any]:
    return {name: getattr(enrollment, name) for name in _STORED} | {"status": enrollment.status.value}

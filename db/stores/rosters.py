"""Loading the roster of a locked group, and storing decisions on it."""

from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Update, bindparam, insert, literal_column, select, update

from db.sql.bulk import json_rows
from db.sql.rows import ENROLLMENT_COLUMNS, enrollment_record
from db.sql.statement import Statement, constant, equals, of_organization
from db.tables import enrollments
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition
from domain.roster import Roster, RosterChange

_COLUMNS: Final = tuple(field.name for field in fields(Enrollment))
_FIND: Final = Statement(select(*ENROLLMENT_COLUMNS).where(of_organization(enrollments), equals(enrollments.c.id)))
_ACTIVE: Final = Statement(
    select(*ENROLLMENT_COLUMNS)
    .where(
        of_organization(enrollments),
        equals(enrollments.c.group_definition_id),
        # The partial index of active enrollments has the same condition.
        enrollments.c.status != constant(EnrollmentStatus.DISENROLLED),
    )
    .order_by(enrollments.c.place, enrollments.c.id)
)
_INSERT: Final = Statement(insert(enrollments).inline(), ["organization_id", *_COLUMNS])
_UPDATE: Final = Statement(
    update(enrollments).where(of_organization(enrollments), equals(enrollments.c.id)),
    [name for name in _COLUMNS if name != "id"],
)


def _renumber(*, postgresql: bool) -> Update:
    _, columns = json_rows("rows", [enrollments.c.id, enrollments.c.waitlist_position], postgresql=postgresql)
    condition = of_organization(enrollments)
    if not postgresql:
        # The plus keeps SQLite off the organization's index: it would read all rows of the parameter for each of the
        # organization's enrollments. It finds the enrollments by their ids.
        owner = enrollments.c.organization_id
        condition = equals(literal_column(f"+{enrollments.name}.{owner.name}", owner.type), owner.name)
    return (
        update(enrollments)
        .where(condition, enrollments.c.id == columns["id"])
        .values(
            waitlist_position=columns["waitlist_position"],
            updated_at=bindparam("now", type_=enrollments.c.updated_at.type),
        )
    )


_RENUMBER: Final = Statement(_renumber(postgresql=True), sqlite=_renumber(postgresql=False))


async def find_enrollment(work: UnitOfWork, enrollment_id: UUID) -> Enrollment | None:
    """Return an enrollment of the organization, also a removed one. Decide on it only while its group is locked."""
    rows = await work.fetch(_FIND, {"id": enrollment_id})
    return enrollment_record(rows[0]) if rows else None


async def load_roster(work: UnitOfWork, group: GroupDefinition) -> Roster:
    """Return the roster of a group that this transaction has locked."""
    active = [enrollment_record(row) for row in await work.fetch(_ACTIVE, {"group_definition_id": group.id})]
    return Roster(
        group.id,
        group.max_capacity,
        tuple(enrollment for enrollment in active if enrollment.status == EnrollmentStatus.ENROLLED),
        tuple(enrollment for enrollment in active if enrollment.status == EnrollmentStatus.WAITLISTED),
        group_is_deleted=group.deleted_at is not None,
    )


async def save_roster(work: UnitOfWork, change: RosterChange) -> None:
    """Store every step of a decision, with its history and events."""
    new = [_row(step.after) for step in change.steps if step.before is None]
    if new:
        await work.store(_INSERT, new)
    edited = [_row(step.after) for step in change.steps if step.before is not None and not step.only_renumbers]
    if edited:
        await work.store(_UPDATE, edited)
    moved = [step.after for step in change.steps if step.only_renumbers]
    if moved:
        rows = [{"id": enrollment.id, "waitlist_position": enrollment.waitlist_position} for enrollment in moved]
        await work.store(_RENUMBER, [{"rows": rows, "now": moved[0].updated_at}])
    work.record(change.history, change.events)


def _row(enrollment: Enrollment) -> dict[str, Any]:
    return {name: getattr(enrollment, name) for name in _COLUMNS} | {"status": enrollment.status.value}

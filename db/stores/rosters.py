"""Loading a locked group's roster, and storing what was decided on it."""

from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert, literal_column, select, update

from db.sql.bulk import json_rows
from db.sql.rows import ENROLLMENT_COLUMNS, enrollment_record
from db.sql.statement import Statement, constant, of_organization
from db.tables import enrollments
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition
from domain.roster import Roster, RosterChange

_STORED = tuple(field.name for field in fields(Enrollment))
_FIND = Statement(
    select(*ENROLLMENT_COLUMNS).where(
        of_organization(enrollments), enrollments.c.id == bindparam("id", type_=enrollments.c.id.type)
    )
)
_ACTIVE = Statement(
    select(*ENROLLMENT_COLUMNS)
    .where(
        of_organization(enrollments),
        enrollments.c.group_definition_id == bindparam("group_id", type_=enrollments.c.group_definition_id.type),
        # As the partial index of active enrollments has it.
        enrollments.c.status != constant(EnrollmentStatus.DISENROLLED),
    )
    .order_by(enrollments.c.place, enrollments.c.id)
)
_ADD = Statement(insert(enrollments).inline(), ["organization_id", *_STORED])
_EDIT = Statement(
    update(enrollments)
    .where(of_organization(enrollments), enrollments.c.id == bindparam("id_", type_=enrollments.c.id.type))
    .values({column: bindparam(f"{column}_", type_=enrollments.c[column].type) for column in _STORED if column != "id"})
)


def _renumber(*, postgresql: bool) -> Statement:
    given, columns = json_rows([enrollments.c.id, enrollments.c.waitlist_position], postgresql=postgresql)
    del given
    ours = of_organization(enrollments)
    if not postgresql:
        # The plus keeps SQLite from reading all given rows for each of the organization's: it finds them by their ids.
        owner = enrollments.c.organization_id
        ours = literal_column(f"+{enrollments.name}.{owner.name}", owner.type) == bindparam(
            owner.name, type_=owner.type
        )
    return Statement(
        update(enrollments)
        .where(ours, enrollments.c.id == columns["id"])
        .values(
            waitlist_position=columns["waitlist_position"],
            updated_at=bindparam("now", type_=enrollments.c.updated_at.type),
        )
    )


_RENUMBER: Final = _renumber(postgresql=True)
_RENUMBER_ON_SQLITE: Final = _renumber(postgresql=False)


async def find_enrollment(work: UnitOfWork, enrollment_id: UUID) -> Enrollment | None:
    """Return an enrollment of the organization, a removed one too. Decide on it only while its group is locked."""
    rows = await work.fetch(_FIND, {"id": enrollment_id})
    return enrollment_record(rows[0]) if rows else None


async def roster_of(work: UnitOfWork, group: GroupDefinition) -> Roster:
    """Return the roster of a group that this transaction has locked."""
    active = [enrollment_record(row) for row in await work.fetch(_ACTIVE, {"group_id": group.id})]
    return Roster(
        group.id,
        group.max_capacity,
        tuple(held for held in active if held.status == EnrollmentStatus.ENROLLED),
        tuple(held for held in active if held.status == EnrollmentStatus.WAITLISTED),
    )


async def save_roster(work: UnitOfWork, change: RosterChange) -> None:
    """Store every step of a decision with its history and events."""
    new = [_columns(step.after) for step in change.steps if step.before is None]
    if new:
        await work.store(_ADD, new)
    edited = [_columns(step.after) for step in change.steps if step.before is not None and not step.only_renumbers]
    if edited:
        await work.store(_EDIT, [{f"{name}_": value for name, value in row.items()} for row in edited])
    moved = [step.after for step in change.steps if step.only_renumbers]
    if moved:
        rows = [{"id": each.id, "waitlist_position": each.waitlist_position} for each in moved]
        renumber = _RENUMBER if work.locks_rows else _RENUMBER_ON_SQLITE
        await work.store(renumber, [{"rows": rows, "now": moved[0].updated_at}])
    work.record(change.events, change.history)


def _columns(enrollment: Enrollment) -> dict[str, Any]:
    return {name: getattr(enrollment, name) for name in _STORED} | {"status": enrollment.status.value}

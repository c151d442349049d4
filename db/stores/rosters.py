"""Loading the roster of a locked group, and storing decisions on it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Update, and_, bindparam, exists, insert, literal_column, select, update

from db.sql.bulk import json_rows
from db.sql.rows import ENROLLMENT_COLUMNS, enrollment_record
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.tables import audit_log, enrollments, patients
from db.transactions.unit_of_work import UnitOfWork
from domain.changes import EntityType, as_text
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition
from domain.reinstatement import Ending
from domain.roster import Roster
from domain.roster_changes import DISENROLLED, REMOVED, TRANSFERRED, RosterChange

_COLUMNS: Final = tuple(field.name for field in fields(Enrollment))
_GROUP: Final = _COLUMNS.index("group_definition_id")
_FIND: Final = Statement(select(*ENROLLMENT_COLUMNS).where(of_organization(enrollments), equals(enrollments.c.id)))
_FIND_MANY: Final = Statement(
    select(*ENROLLMENT_COLUMNS).where(of_organization(enrollments), AnyOf(enrollments.c.id, "ids"))
)
_ENDINGS: Final = Statement(
    select(audit_log.c.changes)
    .where(
        of_organization(audit_log),
        audit_log.c.entity_type == constant(EntityType.ENROLLMENT),
        equals(audit_log.c.entity_id),
        audit_log.c.action.in_([constant(action) for action in (DISENROLLED, TRANSFERRED, REMOVED)]),
    )
    .order_by(audit_log.c.id.desc())
)
_IS_INACTIVE: Final = and_(
    enrollments.c.status == constant(EnrollmentStatus.WAITLISTED),
    exists().where(of_organization(patients), patients.c.id == enrollments.c.patient_id, ~patients.c.active),
)
"""Whether a waiting patient is inactive in the registry. The activity of patients with a seat decides nothing."""
_ROSTERS: Final = (
    select(*ENROLLMENT_COLUMNS, _IS_INACTIVE.label("is_inactive"))
    # The partial index of active enrollments has the same condition.
    .where(of_organization(enrollments), enrollments.c.status != constant(EnrollmentStatus.DISENROLLED))
    .order_by(enrollments.c.place, enrollments.c.id)
)
_ROSTER: Final = Statement(_ROSTERS.where(equals(enrollments.c.group_definition_id)))
_SEVERAL: Final = Statement(_ROSTERS.where(AnyOf(enrollments.c.group_definition_id, "group_ids")))
_WAITING_IN: Final = Statement(
    select(enrollments.c.group_definition_id)
    .distinct()
    .where(
        of_organization(enrollments),
        AnyOf(enrollments.c.patient_id, "patient_ids"),
        enrollments.c.status == constant(EnrollmentStatus.WAITLISTED),
    )
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


async def find_enrollments(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Enrollment]:
    """Return those of the enrollments that the organization has, by id, as `find_enrollment` does for one."""
    rows = await work.fetch(_FIND_MANY, {"ids": sorted(ids)}) if ids else ()
    return {enrollment.id: enrollment for enrollment in map(enrollment_record, rows)}


async def find_ending(work: UnitOfWork, enrollment: Enrollment) -> Ending:
    """Return how an enrollment ended, by its history: the change that it undoes, and the values before."""
    rows = await work.fetch(_ENDINGS, {"entity_id": enrollment.id})
    entries = [{change["field"]: change for change in row[0]} for row in rows]
    ended = next((changes for changes in entries if "status" in changes), {})
    end_date, change = enrollment.end_date, ended.get("end_date")
    # Somebody may have corrected the end date since.
    if change is not None and change["after"] == as_text(end_date):
        end_date = date.fromisoformat(change["before"]) if change["before"] else None
    return Ending(removed_later=bool(entries) and "status" not in entries[0], end_date=end_date)


async def groups_where_waiting(work: UnitOfWork, patient_ids: Collection[str]) -> set[UUID]:
    """Return the ids of the groups in which at least one of the patients waits."""
    rows = await work.fetch(_WAITING_IN, {"patient_ids": sorted(patient_ids)})
    return {UUID(int=row[0].int) for row in rows}


async def load_roster(work: UnitOfWork, group: GroupDefinition) -> Roster:
    """Return the roster of a group that this transaction has locked."""
    return _roster(group, await work.fetch(_ROSTER, {"group_definition_id": group.id}))


async def load_rosters(work: UnitOfWork, groups: Collection[GroupDefinition]) -> list[Roster]:
    """Return the rosters of groups that this transaction has locked, by one statement, in the order of the groups."""
    rows: dict[UUID, list[Sequence[Any]]] = {group.id: [] for group in groups}
    if groups:
        for row in await work.fetch(_SEVERAL, {"group_ids": list(rows)}):
            rows[row[_GROUP]].append(row)
    return [_roster(group, rows[group.id]) for group in groups]


def _roster(group: GroupDefinition, rows: Iterable[Sequence[Any]]) -> Roster:
    active = [(enrollment_record(row), row[-1]) for row in rows]
    return Roster(
        group.id,
        group.max_capacity,
        tuple(enrollment for enrollment, _ in active if enrollment.status == EnrollmentStatus.ENROLLED),
        tuple(enrollment for enrollment, _ in active if enrollment.status == EnrollmentStatus.WAITLISTED),
        group.time_zone,
        group_is_deleted=group.deleted_at is not None,
        inactive_patients=frozenset(enrollment.patient_id for enrollment, is_inactive in active if is_inactive),
    )


async def save_roster(work: UnitOfWork, *changes: RosterChange) -> None:
    """Store every step of decisions about one or several rosters, with their history and events."""
    steps = [step for change in changes for step in change.steps]
    new = [_row(step.after) for step in steps if step.before is None]
    if new:
        await work.store(_INSERT, new)
    edited = [_row(step.after) for step in steps if step.before is not None and not step.only_renumbers]
    if edited:
        await work.store(_UPDATE, edited)
    moved = [step.after for step in steps if step.only_renumbers]
    if moved:
        rows = [{"id": enrollment.id, "waitlist_position": enrollment.waitlist_position} for enrollment in moved]
        await work.store(_RENUMBER, [{"rows": rows, "now": moved[0].updated_at}])
    for change in changes:
        work.record(change.history, change.events)


def _row(enrollment: Enrollment) -> dict[str, Any]:
    return {name: getattr(enrollment, name) for name in _COLUMNS} | {"status": enrollment.status.value}

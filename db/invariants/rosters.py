"""Checks the invariants of rosters: seats, waitlists and capacities.

The queries use only the stored rows, not the domain's code. So an error in the domain does not hide itself.
"""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Subquery, and_, func, or_, select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import audit_log, enrollments, group_definitions, patients
from domain.changes import EntityType


async def roster_violations(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the violations in seats, waitlists and dates.

    Patients of a deleted group may wait while a seat is free, and so may patients who are inactive in the registry.
    """
    counts = _roster_counts(snapshot)
    free_seat = _groups_with(counts).where(
        counts.c.waiting > counts.c.inactive,
        counts.c.seated < group_definitions.c.max_capacity,
        group_definitions.c.deleted_at.is_(None),
    )
    gaps = _groups_with(counts).where(
        counts.c.waiting > 0,
        # n distinct positions with minimum 1 and maximum n are exactly 1 to n.
        or_(counts.c.first != 1, counts.c.last != counts.c.waiting, counts.c.positions != counts.c.waiting),
    )
    duplicates = (
        select(enrollments.c.group_definition_id.label("group"), enrollments.c.patient_id.label("patient"))
        .where(*_active(snapshot))
        .group_by(enrollments.c.group_definition_id, enrollments.c.patient_id)
        .having(func.count() > 1)
    )
    backwards = select(enrollments.c.id.label("enrollment")).where(
        enrollments.c.organization_id == snapshot.organization_id, enrollments.c.end_date < enrollments.c.start_date
    )
    async for row in snapshot.stream(backwards):
        ids = {"enrollment": row.enrollment}
        yield snapshot.violation(Invariant.STAYS_END_AFTER_THEIR_START, ids, "start_date", "end_date")
    async for row in snapshot.stream(free_seat):
        yield snapshot.violation(Invariant.NOBODY_WAITS_FOR_A_FREE_SEAT, {"group": row.group})
    async for row in snapshot.stream(gaps):
        yield snapshot.violation(Invariant.POSITIONS_ARE_1_TO_N, {"group": row.group})
    async for row in snapshot.stream(duplicates):
        yield snapshot.violation(Invariant.ACTIVE_ONCE, {"group": row.group, "patient": row.patient})


async def unexplained_over_capacity(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the groups that exceed their capacity by more than overrides and lowered capacities explain."""
    counts = _roster_counts(snapshot)
    over = (
        _groups_with(counts)
        .add_columns((counts.c.seated - group_definitions.c.max_capacity).label("excess"))
        .where(counts.c.seated > group_definitions.c.max_capacity)
    )
    async for row in snapshot.stream(over):
        # An override raises the excess by one. Lowering the capacity raises it by the difference. Nothing else does.
        if row.excess > await _overrides(snapshot, row.group) + await _lowered(snapshot, row.group):
            yield snapshot.violation(Invariant.OVER_CAPACITY_IS_EXPLAINED, {"group": row.group})


def _active(snapshot: OrganizationSnapshot) -> tuple[ColumnElement[bool], ...]:
    return (enrollments.c.organization_id == snapshot.organization_id, enrollments.c.status != "DISENROLLED")


def _roster_counts(snapshot: OrganizationSnapshot) -> Subquery:
    position: Column[Any] = enrollments.c.waitlist_position
    inactive = and_(
        patients.c.organization_id == enrollments.c.organization_id,
        patients.c.id == enrollments.c.patient_id,
        ~patients.c.active,
    )
    return (
        select(
            enrollments.c.group_definition_id,
            func.count().filter(enrollments.c.status == "ENROLLED").label("seated"),
            func.count().filter(enrollments.c.status == "WAITLISTED").label("waiting"),
            func.count(patients.c.id).filter(enrollments.c.status == "WAITLISTED").label("inactive"),
            func.min(position).label("first"),
            func.max(position).label("last"),
            func.count(position.distinct()).label("positions"),
        )
        .outerjoin(patients, inactive)
        .where(*_active(snapshot))
        .group_by(enrollments.c.group_definition_id)
        .subquery()
    )


def _groups_with(counts: Subquery) -> Select[Any]:
    return select(group_definitions.c.id.label("group")).join(
        counts, counts.c.group_definition_id == group_definitions.c.id
    )


async def _overrides(snapshot: OrganizationSnapshot, group_id: Any) -> int:
    query = (
        select(func.count())
        .select_from(audit_log)
        .join(enrollments, enrollments.c.id == audit_log.c.entity_id)
        .where(
            audit_log.c.organization_id == snapshot.organization_id,
            audit_log.c.entity_type == EntityType.ENROLLMENT.value,
            audit_log.c.action.in_(("promoted_over_capacity", "reinstated_over_capacity")),
            enrollments.c.group_definition_id == group_id,
        )
    )
    return await snapshot.connection.scalar(query) or 0


async def _lowered(snapshot: OrganizationSnapshot, group_id: Any) -> int:
    query = select(audit_log.c.changes).where(
        audit_log.c.organization_id == snapshot.organization_id,
        audit_log.c.entity_type == EntityType.GROUP_DEFINITION.value,
        audit_log.c.entity_id == group_id,
    )
    lowered = 0
    async for row in snapshot.stream(query):
        for change in row.changes:
            if change["field"] == "max_capacity" and change["before"] is not None:
                lowered += max(0, int(change["before"]) - int(change["after"]))
    return lowered

"""The invariants of seats and queues, and of references: a statement each finds what breaks them in an organization.

They ask the rows themselves and repeat no decision of the domain, so that both would have to be wrong the same way.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, Subquery, Table, exists, func, or_, select

from db.invariants.violations import Invariant, OrganizationSnapshot, Violation
from db.tables import (
    audit_log,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
    parked_events,
    patients,
    staff_members,
)
from domain.changes import EntityType

STREAMED: Final = {"yield_per": 500}
"""Rows held in memory at once, of a result as long as the database."""

_REFERENCES: Final[tuple[tuple[Table, str, str, Table], ...]] = (
    (group_definitions, "group", "facilitator_id", staff_members),
    (group_definitions, "group", "co_facilitator_id", staff_members),
    (group_definitions, "group", "location_id", locations),
    (occurrences, "session", "group_definition_id", group_definitions),
    (occurrences, "session", "facilitator_id", staff_members),
    (occurrences, "session", "co_facilitator_id", staff_members),
    (occurrences, "session", "location_id", locations),
    (enrollments, "enrollment", "group_definition_id", group_definitions),
    (enrollments, "enrollment", "patient_id", patients),
    (outbox, "event", "group_definition_id", group_definitions),
    (parked_events, "event", "group_definition_id", group_definitions),
)


async def roster_violations(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Return what is wrong with seats and waitlists, of living and deleted groups alike."""
    taken = _taken(snapshot)
    free_seat = _groups(taken).where(taken.c.waiting > 0, taken.c.seated < group_definitions.c.max_capacity)
    gaps = _groups(taken).where(
        taken.c.waiting > 0,
        # Only 1 to n are n different numbers from 1 to n.
        or_(taken.c.first != 1, taken.c.last != taken.c.waiting, taken.c.positions != taken.c.waiting),
    )
    twice = (
        select(enrollments.c.group_definition_id.label("group"), enrollments.c.patient_id.label("patient"))
        .where(*_active(snapshot))
        .group_by(enrollments.c.group_definition_id, enrollments.c.patient_id)
        .having(func.count() > 1)
    )
    for invariant, query in (
        (Invariant.NOBODY_WAITS_FOR_A_FREE_SEAT, free_seat),
        (Invariant.POSITIONS_ARE_1_TO_N, gaps),
        (Invariant.ACTIVE_ONCE, twice),
    ):
        async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
            yield _violation(invariant, snapshot, row)


async def unexplained_over_capacity(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Return the groups that are further over their maximum than overrides and lowered capacities account for."""
    taken = _taken(snapshot)
    over = (
        _groups(taken)
        .add_columns((taken.c.seated - group_definitions.c.max_capacity).label("excess"))
        .where(taken.c.seated > group_definitions.c.max_capacity)
    )
    async for row in await snapshot.connection.stream(over, execution_options=STREAMED):
        # Each override adds one to the excess, each lowering as much as it lowers, and nothing else adds to it.
        if row.excess > await _overrides(snapshot, row.group) + await _lowered(snapshot, row.group):
            yield Violation(
                Invariant.OVER_CAPACITY_IS_EXPLAINED, snapshot.organization_id, (("group", str(row.group)),)
            )


async def foreign_references(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Return the rows that name a record which their own organization does not have."""
    for table, kind, column, target in _REFERENCES:
        named = table.c[column]
        query = select(table.c.id.label(kind)).where(
            table.c.organization_id == snapshot.organization_id,
            named.is_not(None),
            ~exists().where(target.c.organization_id == table.c.organization_id, target.c.id == named),
        )
        async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
            yield _violation(Invariant.WITHIN_ONE_ORGANIZATION, snapshot, row, column)


def _active(snapshot: OrganizationSnapshot) -> tuple[ColumnElement[bool], ...]:
    return (enrollments.c.organization_id == snapshot.organization_id, enrollments.c.status != "DISENROLLED")


def _taken(snapshot: OrganizationSnapshot) -> Subquery:
    position: Column[Any] = enrollments.c.waitlist_position
    return (
        select(
            enrollments.c.group_definition_id,
            func.count().filter(enrollments.c.status == "ENROLLED").label("seated"),
            func.count().filter(enrollments.c.status == "WAITLISTED").label("waiting"),
            func.min(position).label("first"),
            func.max(position).label("last"),
            func.count(position.distinct()).label("positions"),
        )
        .where(*_active(snapshot))
        .group_by(enrollments.c.group_definition_id)
        .subquery()
    )


def _groups(taken: Subquery) -> Select[Any]:
    return select(group_definitions.c.id.label("group")).join(
        taken, taken.c.group_definition_id == group_definitions.c.id
    )


async def _overrides(snapshot: OrganizationSnapshot, group_id: Any) -> int:
    query = (
        select(func.count())
        .select_from(audit_log)
        .join(enrollments, enrollments.c.id == audit_log.c.entity_id)
        .where(
            audit_log.c.organization_id == snapshot.organization_id,
            audit_log.c.entity_type == EntityType.ENROLLMENT.value,
            audit_log.c.action == "promoted_over_capacity",
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
    async for changes in await snapshot.connection.stream_scalars(query, execution_options=STREAMED):
        for change in changes:
            if change["field"] == "max_capacity" and change["before"] is not None:
                lowered += max(0, int(change["before"]) - int(change["after"]))
    return lowered


def _violation(invariant: Invariant, snapshot: OrganizationSnapshot, row: Any, *fields: str) -> Violation:
    ids = tuple((str(name), str(value)) for name, value in row._mapping.items())  # noqa: SLF001 - its public name
    return Violation(invariant, snapshot.organization_id, ids, fields)

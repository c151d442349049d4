"""Checks that references stay within one organization."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import Table, exists, select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import (
    closures,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
    parked_events,
    patients,
    staff_members,
)

# A table, the kind of its records, the column of the reference, and the table that it refers to.
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
    (closures, "closure", "location_id", locations),
    (outbox, "event", "group_definition_id", group_definitions),
    (parked_events, "event", "group_definition_id", group_definitions),
)


async def foreign_references(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the rows that refer to a record that is not in their own organization."""
    for table, kind, column, target in _REFERENCES:
        reference = table.c[column]
        query = select(table.c.id).where(
            table.c.organization_id == snapshot.organization_id,
            reference.is_not(None),
            ~exists().where(target.c.organization_id == table.c.organization_id, target.c.id == reference),
        )
        async for row in snapshot.stream(query):
            yield snapshot.violation(Invariant.WITHIN_ONE_ORGANIZATION, {kind: row.id}, column)

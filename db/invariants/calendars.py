"""Checks the invariant of calendars: no two live sessions of a group fill one slot of its recurrence."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import occurrences


async def slots_filled_twice(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the groups and days of a recurrence that several sessions fill, cancelled ones aside."""
    group, day = occurrences.c.group_definition_id, occurrences.c.recurrence_date
    query = (
        select(group, day)
        .where(
            occurrences.c.organization_id == snapshot.organization_id,
            occurrences.c.status != "CANCELLED",
            day.is_not(None),
        )
        .group_by(group, day)
        .having(func.count() > 1)
    )
    async for row in snapshot.stream(query):
        yield snapshot.violation(Invariant.SLOT_FILLED_ONCE, {"group": row.group_definition_id}, "recurrence_date")

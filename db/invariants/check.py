"""What must hold of the data after every transaction, checked over a whole database as it is at one moment.

Everything is asked an organization at a time, since every index begins with it. What is as long as the database is
streamed, in the order of an index or sorted by the database, so memory does not grow with it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.invariants.history import records, unexplained, unknown_events
from db.invariants.notices import Notice, inactive_patients
from db.invariants.rosters import foreign_references, roster_violations, unexplained_over_capacity
from db.invariants.search import stale_searches
from db.invariants.times import backward_times, unknown_zones
from db.invariants.violations import OrganizationSnapshot, Violation
from db.tables import (
    audit_log,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
    patients,
    staff_members,
)
from db.transactions.all_organizations import reading_one_moment
from domain.changes import EntityType

_HOLD_ORGANIZATIONS = (
    group_definitions,
    occurrences,
    enrollments,
    outbox,
    audit_log,
    staff_members,
    locations,
    patients,
)
_FINDERS: Final = (
    roster_violations,
    unexplained_over_capacity,
    foreign_references,
    backward_times,
    unknown_zones,
    stale_searches,
)


@dataclass(slots=True)
class CheckSummary:
    """What a check has looked at, and how many violations and notices it found."""

    organizations: int = 0
    records: dict[EntityType, int] = field(default_factory=lambda: dict.fromkeys(EntityType, 0))
    history: int = 0
    events: int = 0
    violations: int = 0
    notices: int = 0


async def check_invariants(
    engine: AsyncEngine,
    report: Callable[[Violation], None],
    organization_id: str | None = None,
    notify: Callable[[Notice], None] = lambda _notice: None,
) -> CheckSummary:
    """Check every invariant on one snapshot of the database, and change nothing.

    Args:
        engine: The database.
        report: Called with each violation as it is found.
        organization_id: The organization to check; None, for the operator alone, checks all.
        notify: Called with each notice: what somebody should look at though it is allowed.

    Returns:
        What was looked at: the invariants hold where it counts no violations.
    """
    checked = CheckSummary()
    async with reading_one_moment(engine, Role.OPERATOR) as connection:
        for organization in await _organizations(connection, organization_id):
            checked.organizations += 1
            reading = OrganizationSnapshot(connection, organization)
            async for violation in _violations(reading, checked):
                checked.violations += 1
                report(violation)
            async for notice in inactive_patients(reading):
                checked.notices += 1
                notify(notice)
    return checked


async def _organizations(connection: AsyncConnection, organization_id: str | None) -> list[str]:
    if organization_id is not None:
        return [organization_id]
    found = await connection.scalars(union(*(select(table.c.organization_id) for table in _HOLD_ORGANIZATIONS)))
    return sorted(found)


async def _violations(snapshot: OrganizationSnapshot, checked: CheckSummary) -> AsyncIterator[Violation]:
    for find in _FINDERS:
        async for violation in find(snapshot):
            yield violation
    for kind in EntityType:
        async for record in records(snapshot, kind):
            checked.records[kind] += record.row is not None
            checked.history += len(record.entries)
            checked.events += len(record.events)
            for violation in unexplained(record, snapshot.organization_id):
                yield violation
    async for violation in unknown_events(snapshot):
        checked.events += 1
        yield violation

"""Checks every invariant of the data, over one snapshot of the whole database.

Each query reads one organization, because every index starts with it. Long results are streamed, in the order of an
index or sorted by the database, so memory use does not grow with the database.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.invariants.calendars import slot_violations, slots_filled_twice
from db.invariants.history import history_violations, read_histories, unknown_events
from db.invariants.notices import Notice, inactive_patients
from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.references import foreign_references
from db.invariants.rosters import roster_violations, unexplained_over_capacity
from db.invariants.search import stale_searches
from db.invariants.times import backward_times, unknown_zones
from db.invariants.transfers import one_sided_transfers
from db.invariants.violations import Violation
from db.tables import (
    audit_log,
    closures,
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

_TABLES_WITH_ORGANIZATIONS = (
    group_definitions,
    occurrences,
    enrollments,
    closures,
    outbox,
    audit_log,
    staff_members,
    locations,
    patients,
)
_CHECKS: Final = (
    roster_violations,
    unexplained_over_capacity,
    one_sided_transfers,
    slots_filled_twice,
    foreign_references,
    backward_times,
    unknown_zones,
    stale_searches,
)


@dataclass(slots=True)
class CheckSummary:
    """How many records a check has read, and how many violations and notices it has found."""

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
    """Check every invariant on one snapshot of the database, without changing anything.

    Args:
        engine: The database.
        report: Called with each violation when it is found.
        organization_id: The organization to check. None checks all.
        notify: Called with each notice: something that is allowed, but that an operator should look at.

    Returns:
        A summary. The invariants hold if it counts no violations.
    """
    summary = CheckSummary()
    async with reading_one_moment(engine, Role.OPERATOR) as connection:
        for organization in await _organizations(connection, organization_id):
            summary.organizations += 1
            snapshot = OrganizationSnapshot(connection, organization)
            async for violation in _violations(snapshot, summary):
                summary.violations += 1
                report(violation)
            async for notice in inactive_patients(snapshot):
                summary.notices += 1
                notify(notice)
    return summary


async def _organizations(connection: AsyncConnection, organization_id: str | None) -> list[str]:
    if organization_id is not None:
        return [organization_id]
    ids = union(*(select(table.c.organization_id) for table in _TABLES_WITH_ORGANIZATIONS))
    return sorted(await connection.scalars(ids))


async def _violations(snapshot: OrganizationSnapshot, summary: CheckSummary) -> AsyncIterator[Violation]:
    for check in _CHECKS:
        async for violation in check(snapshot):
            yield violation
    for entity_type in EntityType:
        async for history in read_histories(snapshot, entity_type):
            summary.records[entity_type] += history.row is not None
            summary.history += len(history.entries)
            summary.events += len(history.events)
            for violation in (*history_violations(snapshot, history), *slot_violations(snapshot, history)):
                yield violation
    async for violation in unknown_events(snapshot):
        summary.events += 1
        yield violation

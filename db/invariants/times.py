"""Checks the invariants of times: a later change never has an earlier time, and every time zone exists."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, func, null, select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import closures, enrollments, group_definitions, locations, occurrences, outbox
from domain.wall_time import is_time_zone

# Pairs of times of a record. The first is never later than the second.
_IN_ORDER: Final[tuple[tuple[Table, str, tuple[tuple[str, str], ...]], ...]] = (
    (
        group_definitions,
        "group",
        (
            ("created_at", "updated_at"),
            ("created_at", "deleted_at"),
            ("deleted_at", "updated_at"),
            ("updated_at", "changed_at"),
        ),
    ),
    (
        occurrences,
        "session",
        (("created_at", "updated_at"), ("created_at", "cancelled_at"), ("cancelled_at", "updated_at")),
    ),
    (
        enrollments,
        "enrollment",
        (
            ("created_at", "updated_at"),
            ("created_at", "waitlisted_at"),
            ("created_at", "enrolled_at"),
            ("waitlisted_at", "promoted_at"),
            ("waitlisted_at", "updated_at"),
            ("enrolled_at", "disenrolled_at"),
            ("waitlisted_at", "disenrolled_at"),
            ("disenrolled_at", "deleted_at"),
            ("promoted_at", "updated_at"),
        ),
    ),
    (
        closures,
        "closure",
        (("created_at", "updated_at"), ("created_at", "deleted_at"), ("deleted_at", "updated_at")),
    ),
)


async def backward_times(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records whose times contradict each other, and the events with an earlier time than their predecessor.

    Times from an earlier release are exempt: the correct ones are no longer known.
    """
    for table, name, pairs in _IN_ORDER:
        old = _old_times_until(table)
        for earlier, later in pairs:
            first, second = table.c[earlier], table.c[later]
            query = select(table.c.id).where(
                table.c.organization_id == snapshot.organization_id,
                first > second,
                first > func.coalesce(old, second),
            )
            async for row in snapshot.stream(query):
                yield snapshot.violation(Invariant.TIMES_RUN_FORWARD, {name: row.id}, earlier, later)
    async for row in snapshot.stream(_backward_events(snapshot)):
        yield snapshot.violation(Invariant.TIMES_RUN_FORWARD, {"event": row.id}, "created_at")


async def unknown_zones(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records whose time zone does not exist. The instants of their sessions would be undefined."""
    for table, name in ((locations, "location"), (group_definitions, "group"), (occurrences, "session")):
        of_organization = table.c.organization_id == snapshot.organization_id
        zones = await snapshot.connection.scalars(select(table.c.time_zone).where(of_organization).distinct())
        unknown = [zone for zone in zones.all() if not is_time_zone(zone)]
        if not unknown:
            continue
        query = select(table.c.id).where(of_organization, table.c.time_zone.in_(unknown))
        async for row in snapshot.stream(query):
            yield snapshot.violation(Invariant.TIME_ZONES_EXIST, {name: row.id}, "time_zone")


def _backward_events(snapshot: OrganizationSnapshot) -> Select[Any]:
    previous = func.lag(outbox.c.created_at).over(partition_by=outbox.c.group_definition_id, order_by=outbox.c.sequence)
    events = (
        select(outbox.c.id, outbox.c.created_at, previous.label("previous"), _old_times_until(outbox).label("old"))
        .where(outbox.c.organization_id == snapshot.organization_id)
        .subquery()
        .c
    )
    return select(events.id).where(
        events.previous > events.created_at, events.previous > func.coalesce(events.old, events.created_at)
    )


def _old_times_until(table: Table) -> ColumnElement[Any]:
    if table is group_definitions:
        return group_definitions.c.old_times_until
    if "group_definition_id" not in table.c:
        return null()
    of_group = group_definitions.c.id == table.c.group_definition_id
    return select(group_definitions.c.old_times_until).where(of_group).scalar_subquery()

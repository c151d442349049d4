"""The invariants of times: nothing that follows from something else is told with an earlier time."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import ScalarSelect, Table, func, select

from db.invariants.rosters import STREAMED
from db.invariants.violations import Invariant, OrganizationSnapshot, Violation
from db.tables import enrollments, group_definitions, locations, occurrences, outbox
from domain.wall_time import is_time_zone

# Of two times of a record, the first is never the later one.
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
)


async def backward_times(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records whose times contradict each other, and the events that are told before earlier ones.

    What an earlier release told stays as it is: nobody can know the right times any more.
    """
    for table, name, pairs in _IN_ORDER:
        old = group_definitions.c.old_times_until if table is group_definitions else _old_times_until(table)
        for earlier, later in pairs:
            first, second = table.c[earlier], table.c[later]
            query = select(table.c.id).where(
                table.c.organization_id == snapshot.organization_id,
                first > second,
                first > func.coalesce(old, second),
            )
            async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
                yield _violation(snapshot, name, row.id, earlier, later)
    before = func.lag(outbox.c.created_at).over(partition_by=outbox.c.group_definition_id, order_by=outbox.c.sequence)
    told = (
        select(outbox.c.id, outbox.c.created_at, before.label("before"), _old_times_until(outbox).label("old"))
        .where(outbox.c.organization_id == snapshot.organization_id)
        .subquery()
    )
    query = select(told.c.id).where(
        told.c.before > told.c.created_at, told.c.before > func.coalesce(told.c.old, told.c.created_at)
    )
    async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
        yield _violation(snapshot, "event", row.id, "created_at")


async def unknown_zones(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records whose time zone does not exist: nobody can tell when their sessions are."""
    for table, name in ((locations, "location"), (group_definitions, "group"), (occurrences, "session")):
        ours = table.c.organization_id == snapshot.organization_id
        zones = await snapshot.connection.scalars(select(table.c.time_zone).where(ours).distinct())
        unknown = [zone for zone in zones.all() if not is_time_zone(zone)]
        if not unknown:
            continue
        query = select(table.c.id).where(ours, table.c.time_zone.in_(unknown))
        async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
            record = ((name, str(row.id)),)
            yield Violation(Invariant.TIME_ZONES_EXIST, snapshot.organization_id, record, ("time_zone",))


def _old_times_until(table: Table) -> ScalarSelect[Any]:
    of_group = group_definitions.c.id == table.c.group_definition_id
    return select(group_definitions.c.old_times_until).where(of_group).scalar_subquery()


def _violation(snapshot: OrganizationSnapshot, name: str, record: Any, *fields: str) -> Violation:
    return Violation(Invariant.TIMES_RUN_FORWARD, snapshot.organization_id, ((name, str(record)),), fields)

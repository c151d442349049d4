"""Events that wait for delivery to a sink: how many of each group, since when, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.outbox.events import EventPosition, is_after
from db.tables import outbox, parked_events, relay_lanes, relay_sinks
from db.transactions.all_organizations import reading_all


@dataclass(frozen=True, slots=True)
class WaitingEvents:
    """A group's events that are not delivered to a sink yet.

    Attributes:
        events: The number of events.
        since: When the first of them was recorded.
        tries: The number of failed attempts to deliver the first.
        last_reason: Why the last attempt failed.
        next_try: When the next attempt is due. None while a relay holds the lane, and before a relay has seen them.
        holder: The host and process of the relay that holds the lane.
        held_until: When that relay's lease expires.
    """

    sink: str
    organization_id: str
    group_definition_id: UUID
    events: int
    since: datetime
    tries: int
    last_reason: str | None
    next_try: datetime | None
    holder: str | None
    held_until: datetime | None


async def list_waiting(engine: AsyncEngine, organization_id: str | None) -> list[WaitingEvents]:
    """Return the waiting events of an organization by sink, the oldest first. None means all organizations."""
    async with reading_all(engine, Role.OPERATOR) as connection:
        sinks = (await connection.execute(select(relay_sinks).order_by(relay_sinks.c.sink))).all()
        return [
            _waiting(sink.sink, row)
            for sink in sinks
            for row in await connection.execute(_query(connection, sink, organization_id))
        ]


def _query(connection: AsyncConnection, sink: Any, organization_id: str | None) -> Select[Any]:
    lanes = relay_lanes.c
    position = EventPosition(sink.transaction_id, sink.sequence)
    groups = union(
        select(lanes.group_definition_id).where(lanes.sink == sink.sink, lanes.due_at.is_not(None)),
        select(outbox.c.group_definition_id).where(is_after(connection, position)),
    ).subquery()
    resent = and_(
        parked_events.c.sink == sink.sink, parked_events.c.sequence == outbox.c.sequence, parked_events.c.again
    )
    lane_columns = [lanes.tries, lanes.reason, lanes.due_at, lanes.lease, lanes.holder]
    since: ColumnElement[datetime] = func.min(outbox.c.created_at)
    query = (
        select(
            outbox.c.organization_id,
            outbox.c.group_definition_id,
            func.count().label("events"),
            since.label("since"),
            *lane_columns,
        )
        .select_from(groups)
        .join(outbox, outbox.c.group_definition_id == groups.c.group_definition_id)
        .outerjoin(
            relay_lanes,
            and_(lanes.sink == sink.sink, lanes.group_definition_id == outbox.c.group_definition_id),
        )
        .outerjoin(parked_events, resent)
        .where(or_(outbox.c.sequence > func.coalesce(lanes.sequence, 0), parked_events.c.sequence.is_not(None)))
        .group_by(outbox.c.organization_id, outbox.c.group_definition_id, *lane_columns)
        .order_by(since, outbox.c.group_definition_id)
    )
    return query if organization_id is None else query.where(outbox.c.organization_id == organization_id)


def _waiting(sink: str, row: Any) -> WaitingEvents:
    leased = row.lease is not None
    return WaitingEvents(
        sink=sink,
        organization_id=row.organization_id,
        group_definition_id=row.group_definition_id,
        events=row.events,
        since=row.since,
        tries=row.tries or 0,
        last_reason=row.reason,
        next_try=None if leased else row.due_at,
        holder=row.holder if leased else None,
        held_until=row.due_at if leased else None,
    )

"""Events on their way to a sink: how many of each group wait, since when, and what for."""

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
    """A group's events that are yet to be delivered to a sink.

    Attributes:
        events: How many they are.
        since: When the first of them was recorded.
        tries: How often the first was tried in vain.
        last_reason: Why it was not taken at the last try.
        next_try: When the first is tried next; None while a relay holds the lane, and where no relay has seen them yet.
        holder: The relay that is at work on them: host and process.
        held_until: When others may take over from that relay.
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
    """Return what waits for each sink that a relay has served, the oldest first; of all organizations by default."""
    async with reading_all(engine, Role.OPERATOR) as connection:
        sinks = (await connection.execute(select(relay_sinks).order_by(relay_sinks.c.sink))).all()
        return [
            _waiting(sink.sink, row)
            for sink in sinks
            for row in await connection.execute(_query(connection, sink, organization_id))
        ]


def _query(connection: AsyncConnection, sink: Any, organization_id: str | None) -> Select[Any]:
    lanes = relay_lanes.c
    seen = EventPosition(sink.transaction_id, sink.sequence)
    groups = union(
        select(lanes.group_definition_id).where(lanes.sink == sink.sink, lanes.due_at.is_not(None)),
        select(outbox.c.group_definition_id).where(is_after(connection, seen)),
    ).subquery()
    again = and_(
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
        .outerjoin(parked_events, again)
        .where(or_(outbox.c.sequence > func.coalesce(lanes.sequence, 0), parked_events.c.sequence.is_not(None)))
        .group_by(outbox.c.organization_id, outbox.c.group_definition_id, *lane_columns)
        .order_by(since, outbox.c.group_definition_id)
    )
    return query if organization_id is None else query.where(outbox.c.organization_id == organization_id)


def _waiting(sink: str, row: Any) -> WaitingEvents:
    held = row.lease is not None
    return WaitingEvents(
        sink,
        row.organization_id,
        row.group_definition_id,
        row.events,
        row.since,
        row.tries or 0,
        row.reason,
        None if held else row.due_at,
        row.holder if held else None,
        row.due_at if held else None,
    )

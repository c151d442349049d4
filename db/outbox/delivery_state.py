"""How far the delivery of events has come, for metrics: a few numbers for each receiver, whatever the backlog."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, Select, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.outbox.events import EVENT_ORDER, EventPosition, is_after
from db.sql.database_time import in_seconds
from db.tables import outbox, parked_events, relay_lanes, relay_sinks
from db.transactions.all_organizations import reading_all


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The delivery of events to one receiver.

    Attributes:
        sink: The receiver.
        lag_seconds: The age of the oldest event that is neither delivered nor parked; 0 if there is none.
        waiting_groups: The number of groups with events that wait in their lanes, or are being delivered.
        parked_events: The number of parked events that nobody has marked to be sent again.
    """

    sink: str
    lag_seconds: float
    waiting_groups: int
    parked_events: int


async def delivery_states(engine: AsyncEngine, sinks: Collection[str]) -> list[DeliveryState]:
    """Return the state of each of these receivers that a relay has registered."""
    async with reading_all(engine, Role.BACKGROUND) as connection:
        registered = await connection.execute(select(relay_sinks).where(relay_sinks.c.sink.in_(sinks)))
        return [
            _state(sink.sink, (await connection.execute(_query(connection, sink))).one()) for sink in registered.all()
        ]


def _query(connection: AsyncConnection, sink: Any) -> Select[Any]:
    position = EventPosition(sink.transaction_id, sink.sequence)
    # Not min(): ORDER BY and LIMIT make PostgreSQL use the index.
    oldest_new = select(outbox.c.created_at).where(is_after(connection, position)).order_by(*EVENT_ORDER).limit(1)
    lanes = relay_lanes.c
    waiting = select(func.count().label("groups"), func.min(_next_event()).label("oldest"))
    in_lanes = waiting.where(lanes.sink == sink.sink, lanes.due_at.is_not(None)).subquery()
    parked = (
        select(func.count())
        .select_from(parked_events)
        .where(parked_events.c.sink == sink.sink, parked_events.c.again == false())
    )
    return select(
        in_seconds(connection).label("now"),
        in_lanes.c.groups,
        in_lanes.c.oldest,
        oldest_new.scalar_subquery().label("oldest_new"),
        parked.scalar_subquery().label("parked"),
    )


def _next_event() -> ScalarSelect[Any]:
    """Return when the next event of a lane was recorded."""
    return (
        select(outbox.c.created_at)
        .where(
            outbox.c.group_definition_id == relay_lanes.c.group_definition_id,
            outbox.c.sequence > relay_lanes.c.sequence,
        )
        .order_by(outbox.c.sequence)
        .limit(1)
        .scalar_subquery()
    )


def _state(sink: str, row: Any) -> DeliveryState:
    oldest = min((instant for instant in (row.oldest, row.oldest_new) if instant is not None), default=row.now)
    return DeliveryState(sink, max((row.now - oldest).total_seconds(), 0.0), row.groups, row.parked)

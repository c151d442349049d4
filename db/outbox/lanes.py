"""The lanes of a sink. A lane is the queue of one group's events, which one relay at a time delivers in order.

Within a group the sequence is the order. No event can appear with an earlier sequence than a visible one, because
sequences are assigned under the group's lock, which is held until the commit.

A relay claims a lane for the duration of a lease, so that no transaction is open while it waits for a receiver. If the
relay is killed, the lane is due again when the lease expires. Every change is conditional on the lease, and does
nothing if another relay has taken over. All times are by the database's clock, because relays' clocks may be wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Update,
    and_,
    case,
    delete,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.sql.database_time import in_seconds
from db.tables import outbox, parked_events, relay_lanes
from db.transactions.all_organizations import reading_all, writing_all

_lanes = relay_lanes.c


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that a relay has claimed.

    Attributes:
        sink: The sink.
        group_definition_id: The group.
        lease: The id of the lease.
        sequence: The last event that was delivered or parked.
        newest_sequence: The last event of the lane.
        has_parked: Whether parked events are to be sent again. They go first.
        tries: The number of failed attempts to deliver the next event.
    """

    sink: str
    group_definition_id: UUID
    lease: UUID
    sequence: int
    newest_sequence: int
    has_parked: bool
    tries: int


@dataclass(frozen=True, slots=True)
class LaneEvent:
    """An event to deliver. `was_parked` tells that it was parked, and is sent again."""

    sequence: int
    id: UUID
    organization_id: str
    name: str
    envelope: dict[str, Any]
    was_parked: bool


async def claim_lanes(
    engine: AsyncEngine, sink: str, lease: UUID, holder: str, seconds: float, limit: int
) -> list[Lane]:
    """Claim at most `limit` lanes that are due, starting with those that have been due for longest.

    Args:
        engine: The database.
        sink: The sink.
        lease: The id of the new lease.
        holder: A name of the relay, for operators.
        seconds: The duration of the lease.
        limit: The most lanes.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due = select(_lanes.group_definition_id).where(_lanes.sink == sink, _lanes.due_at <= in_seconds(connection))
        due = due.order_by(_lanes.due_at).limit(limit)
        if connection.dialect.name == "postgresql":
            due = due.with_for_update(skip_locked=True)
        # A common table expression is evaluated once, so the limit holds.
        due_lanes = due.cte("due")
        claimed = (
            update(relay_lanes)
            .where(_lanes.sink == sink, _lanes.group_definition_id.in_(select(due_lanes.c.group_definition_id)))
            .values(lease=lease, holder=holder, due_at=in_seconds(connection, seconds))
            .returning(*relay_lanes.c)
        )
        return [
            Lane(
                sink=sink,
                group_definition_id=row.group_definition_id,
                lease=lease,
                sequence=row.sequence,
                newest_sequence=row.newest_sequence,
                has_parked=row.again_count > 0,
                tries=row.tries,
            )
            for row in await connection.execute(claimed)
        ]


async def cap_waits(engine: AsyncEngine, sink: str, seconds: float) -> None:
    """Make every lane due within `seconds`. A wrong clock may have stored a time far in the future."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        latest = in_seconds(connection, seconds)
        await connection.execute(
            update(relay_lanes).where(_lanes.sink == sink, _lanes.due_at > latest).values(due_at=latest)
        )


async def read_lane(engine: AsyncEngine, lane: Lane, limit: int) -> list[LaneEvent]:
    """Return the next events of a lane, at most `limit`, in order. Parked events to be sent again come first."""
    events: list[LaneEvent] = []
    async with reading_all(engine, Role.BACKGROUND) as connection:
        if lane.has_parked:
            parked = (
                _events_of(lane)
                .join(parked_events, parked_events.c.sequence == outbox.c.sequence)
                .where(parked_events.c.sink == lane.sink, parked_events.c.again)
            )
            events = await _read(connection, parked, limit, was_parked=True)
        if len(events) < limit:
            following = _events_of(lane).where(
                outbox.c.sequence > lane.sequence, outbox.c.sequence <= lane.newest_sequence
            )
            events += await _read(connection, following, limit - len(events), was_parked=False)
    return events


async def mark_delivered(engine: AsyncEngine, lane: Lane, event: LaneEvent, keep_seconds: float | None) -> bool:
    """Advance the lane past its first event.

    Args:
        engine: The database.
        lane: The lane.
        event: The event that was delivered.
        keep_seconds: How long to extend the lease. None releases the lane.

    Returns:
        False if another relay has taken the lane over. The event then does not count as delivered, and may be delivered
        twice.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        if not await _advance(connection, lane, event, keep_seconds):
            return False
        if event.was_parked:
            await connection.execute(delete(parked_events).where(_is_parked(lane, event)))
        return True


async def mark_failed(engine: AsyncEngine, lane: Lane, reason: str, seconds: float) -> None:
    """Record a failed attempt and its reason, and release the lane. It is due again after `seconds`."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due_at = in_seconds(connection, seconds)
        await connection.execute(
            _leased(lane).values(tries=_lanes.tries + 1, reason=reason, due_at=due_at, lease=None, holder=None)
        )


async def park(engine: AsyncEngine, lane: Lane, event: LaneEvent, tries: int, reason: str) -> None:
    """Park the lane's first event, and release the lane. It is due now if it has more events.

    Args:
        engine: The database.
        lane: The lane.
        event: Its first event.
        tries: The number of attempts.
        reason: Why delivery failed: at most 200 characters, without patient data or secrets.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        if not await _advance(connection, lane, event, keep_seconds=None):
            return
        now = in_seconds(connection)
        if event.was_parked:
            parked = update(parked_events).where(_is_parked(lane, event))
            await connection.execute(parked.values(tries=tries, reason=reason, parked_at=now, again=False))
            return
        await connection.execute(
            insert(parked_events).values(
                sink=lane.sink,
                sequence=event.sequence,
                id=event.id,
                organization_id=event.organization_id,
                group_definition_id=lane.group_definition_id,
                event=event.name,
                tries=tries,
                reason=reason,
                parked_at=now,
                again=False,
            )
        )


async def release_lanes(engine: AsyncEngine, lanes: Iterable[Lane]) -> None:
    """Release the lanes. Each is due now, for any relay, if it has more events."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due_at = _due_if_more(connection, _lanes.again_count, _lanes.sequence)
        # Always in the same order, so that two transactions cannot deadlock.
        for lane in sorted(lanes, key=lambda lane: lane.group_definition_id):
            await connection.execute(_leased(lane).values(lease=None, holder=None, due_at=due_at))


async def _advance(connection: AsyncConnection, lane: Lane, event: LaneEvent, keep_seconds: float | None) -> bool:
    again_count: Any = _lanes.again_count
    sequence: Any = _lanes.sequence
    if event.was_parked:
        again_count = again_count - 1
    else:
        sequence = literal(event.sequence, BigInteger)
    advanced = _leased(lane).values(
        sequence=sequence,
        again_count=again_count,
        tries=0,
        reason=None,
        **(
            {"lease": None, "holder": None, "due_at": _due_if_more(connection, again_count, sequence)}
            if keep_seconds is None
            else {"due_at": in_seconds(connection, keep_seconds)}
        ),
    )
    return (await connection.execute(advanced)).rowcount == 1


def _leased(lane: Lane) -> Update:
    return update(relay_lanes).where(
        _lanes.sink == lane.sink,
        _lanes.group_definition_id == lane.group_definition_id,
        _lanes.lease == lane.lease,
    )


def _due_if_more(connection: AsyncConnection, again_count: Any, sequence: Any) -> ColumnElement[Any]:
    # Compare with the stored newest event: more events may have been added since the lane was claimed.
    more = or_(again_count > 0, sequence < _lanes.newest_sequence)
    return case((more, in_seconds(connection)), else_=null())


def _is_parked(lane: Lane, event: LaneEvent) -> ColumnElement[bool]:
    return and_(parked_events.c.sink == lane.sink, parked_events.c.sequence == event.sequence)


def _events_of(lane: Lane) -> Select[Any]:
    columns = outbox.c.sequence, outbox.c.id, outbox.c.organization_id, outbox.c.event, outbox.c.envelope
    return select(*columns).where(outbox.c.group_definition_id == lane.group_definition_id)


async def _read(connection: AsyncConnection, query: Select[Any], limit: int, *, was_parked: bool) -> list[LaneEvent]:
    query = query.order_by(outbox.c.sequence).limit(limit)
    return [
        LaneEvent(
            sequence=row.sequence,
            id=row.id,
            organization_id=row.organization_id,
            name=row.event,
            envelope=row.envelope,
            was_parked=was_parked,
        )
        for row in await connection.execute(query)
    ]

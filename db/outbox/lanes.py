"""The lanes of a sink: one group's events each, on their way one after another, by one relay at a time.

Within a group the sequence is the order, and nothing older can come in behind what is visible: events are numbered
while their group is locked, and it is locked until they are committed.

A relay claims a lane for the length of a lease, so that no transaction is open while it waits for a receiver. A lane
whose relay was killed is due again when the lease has run out. Every change names the lease it was made under, and
changes nothing where another relay has taken over. All times are the database's: relays' clocks may be wrong.
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
        sink: Where its events go.
        group_definition_id: Whose events they are.
        lease: What makes it this relay's.
        sequence: The last event that is done with.
        newest_sequence: The last event of the lane.
        has_parked: Whether parked events are to be sent again; they go first.
        tries: How often the next event was tried in vain.
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
    """An event that is to be delivered; `was_parked`: it was parked before, and is sent again."""

    sequence: int
    id: UUID
    organization_id: str
    name: str
    envelope: dict[str, Any]
    was_parked: bool


async def claim_lanes(
    engine: AsyncEngine, sink: str, lease: UUID, holder: str, seconds: float, limit: int
) -> list[Lane]:
    """Claim at most `limit` lanes that are due, those due for longest first.

    Args:
        engine: The database.
        sink: Where their events go.
        lease: What makes the lanes the caller's.
        holder: Who that is, for the operator.
        seconds: How long the lanes are the caller's.
        limit: The most lanes.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due = select(_lanes.group_definition_id).where(_lanes.sink == sink, _lanes.due_at <= in_seconds(connection))
        due = due.order_by(_lanes.due_at).limit(limit)
        if connection.dialect.name == "postgresql":
            due = due.with_for_update(skip_locked=True)
        # As a common table expression it is evaluated once, so the limit holds.
        first = due.cte("due")
        claimed = (
            update(relay_lanes)
            .where(_lanes.sink == sink, _lanes.group_definition_id.in_(select(first.c.group_definition_id)))
            .values(lease=lease, holder=holder, due_at=in_seconds(connection, seconds))
            .returning(*relay_lanes.c)
        )
        return [
            Lane(
                sink,
                row.group_definition_id,
                lease,
                row.sequence,
                row.newest_sequence,
                row.again_count > 0,
                row.tries,
            )
            for row in await connection.execute(claimed)
        ]


async def cap_waits(engine: AsyncEngine, sink: str, seconds: float) -> None:
    """Make lanes due after so many seconds at the latest: a wrong clock may have stored a time far ahead."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        latest = in_seconds(connection, seconds)
        await connection.execute(
            update(relay_lanes).where(_lanes.sink == sink, _lanes.due_at > latest).values(due_at=latest)
        )


async def read_lane(engine: AsyncEngine, lane: Lane, limit: int) -> list[LaneEvent]:
    """Return the lane's next events, at most `limit`, in order: first the parked ones that are to be sent again."""
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
    """Move the lane past its first event.

    Args:
        engine: The database.
        lane: The lane.
        event: The event that was delivered.
        keep_seconds: For how long the lease is prolonged; None gives the lane back.

    Returns:
        False where another relay has taken the lane over: the event is not counted, and may be delivered twice.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        if not await _step(connection, lane, event, keep_seconds):
            return False
        if event.was_parked:
            await connection.execute(delete(parked_events).where(_is_parked(lane, event)))
        return True


async def mark_failed(engine: AsyncEngine, lane: Lane, reason: str, seconds: float) -> None:
    """Count a try in vain and its reason, and give the lane back: it is due after so many seconds."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due_at = in_seconds(connection, seconds)
        await connection.execute(
            _held(lane).values(tries=_lanes.tries + 1, reason=reason, due_at=due_at, lease=None, holder=None)
        )


async def park(engine: AsyncEngine, lane: Lane, event: LaneEvent, tries: int, reason: str) -> None:
    """Put the event aside, and give the lane back; it is due now if it has more, so nothing waits for a parked one.

    Args:
        engine: The database.
        lane: The lane.
        event: Its first event.
        tries: How often it was tried.
        reason: Why it was not taken, at most 200 characters, without anything of patients or of secrets.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        if not await _step(connection, lane, event, keep_seconds=None):
            return
        now = in_seconds(connection)
        if event.was_parked:
            again = update(parked_events).where(_is_parked(lane, event))
            await connection.execute(again.values(tries=tries, reason=reason, parked_at=now, again=False))
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
    """Give lanes back; each is due now if it has more, for any relay."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        due_at = _due_if_more(connection, _lanes.again_count, _lanes.sequence)
        # In one order everywhere, so that two transactions cannot wait for each other's lanes.
        for lane in sorted(lanes, key=lambda lane: lane.group_definition_id):
            await connection.execute(_held(lane).values(lease=None, holder=None, due_at=due_at))


async def _step(connection: AsyncConnection, lane: Lane, event: LaneEvent, keep_seconds: float | None) -> bool:
    again_count: Any = _lanes.again_count
    sequence: Any = _lanes.sequence
    if event.was_parked:
        again_count = again_count - 1
    else:
        sequence = literal(event.sequence, BigInteger)
    moved = _held(lane).values(
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
    return (await connection.execute(moved)).rowcount == 1


def _held(lane: Lane) -> Update:
    return update(relay_lanes).where(
        _lanes.sink == lane.sink,
        _lanes.group_definition_id == lane.group_definition_id,
        _lanes.lease == lane.lease,
    )


def _due_if_more(connection: AsyncConnection, again_count: Any, sequence: Any) -> ColumnElement[Any]:
    # The newest event is the row's own: more may have been taken in since the lane was claimed.
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
            row.sequence,
            row.id,
            row.organization_id,
            row.event,
            row.envelope,
            was_parked,
        )
        for row in await connection.execute(query)
    ]

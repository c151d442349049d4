"""Reading the outbox in the order of its events."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, literal_column, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import outbox


@dataclass(frozen=True, slots=True, order=True)
class EventPosition:
    """Where an event stands in the order of all events; the sequence alone is not that order (see `db.tables`)."""

    transaction_id: int
    sequence: int


BEFORE_ALL = EventPosition(-1, -1)
"""The position before the first event."""
EVENT_ORDER: Final = (outbox.c.transaction_id, outbox.c.sequence)
"""The order of all events."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event of the outbox: its place, and the envelope as it was stored."""

    position: EventPosition
    envelope: dict[str, Any]


async def find_position(
    connection: AsyncConnection, event_id: UUID, organization_id: str | None = None
) -> EventPosition | None:
    """Return the position of the event with this id; None where there is none (in the organization, where given)."""
    query = select(outbox.c.transaction_id, outbox.c.sequence).where(outbox.c.id == event_id)
    if organization_id is not None:
        query = query.where(outbox.c.organization_id == organization_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else EventPosition(row.transaction_id, row.sequence)


async def read_events(
    connection: AsyncConnection, after: EventPosition, organization_id: str | None, limit: int
) -> list[RecordedEvent]:
    """Return the next events after a position, at most `limit`, in order.

    None is missed by going on from the last one given: on PostgreSQL the page ends before the oldest transaction that
    is still running, whose events may yet come in between.

    Args:
        connection: Where to read; a new transaction for each page.
        after: The position of the last event seen.
        organization_id: The organization whose events to give; None, for the operator alone, gives all.
        limit: The most events to give.
    """
    query = (
        select(outbox.c.transaction_id, outbox.c.sequence, outbox.c.envelope)
        .where(is_after(connection, after), is_settled(connection))
        .order_by(*EVENT_ORDER)
        .limit(limit)
    )
    if organization_id is not None:
        query = query.where(outbox.c.organization_id == organization_id)
    rows = (await connection.execute(query)).all()
    return [RecordedEvent(EventPosition(row.transaction_id, row.sequence), row.envelope) for row in rows]


def is_after(connection: AsyncConnection, position: EventPosition) -> ColumnElement[bool]:
    """Return the condition that an event comes after a position, in words that each database looks up in the index."""
    if connection.dialect.name == "sqlite":
        # For two columns at once, of which one is the row's own number, it would look through all events.
        return and_(outbox.c.transaction_id == 0, outbox.c.sequence > position.sequence)
    return tuple_(*EVENT_ORDER) > tuple_(position.transaction_id, position.sequence)


def is_settled(connection: AsyncConnection) -> ColumnElement[bool]:
    """Return the condition that no earlier event can still come in: no transaction as old is running."""
    if connection.dialect.name == "sqlite":
        return true()
    oldest_running = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
    return outbox.c.transaction_id < oldest_running

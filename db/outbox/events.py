"""Reads the outbox in the order of its events."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, literal_column, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import outbox


@dataclass(frozen=True, slots=True, order=True)
class EventPosition:
    """The position of an event in the order of all events. The sequence is not that order (see `db.tables.events`)."""

    transaction_id: int
    sequence: int


BEFORE_ALL = EventPosition(-1, -1)
"""The position before the first event."""
EVENT_ORDER: Final = (outbox.c.transaction_id, outbox.c.sequence)
"""The order of all events."""
OLDEST_RUNNING: Final = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
"""The id of PostgreSQL's oldest running transaction. Every transaction before it has ended."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event of the outbox, with its position and its stored envelope."""

    position: EventPosition
    envelope: dict[str, Any]


async def find_position(
    connection: AsyncConnection, event_id: UUID, organization_id: str | None = None
) -> EventPosition | None:
    """Return the position of an event, or None if it is unknown or belongs to another organization."""
    query = select(outbox.c.transaction_id, outbox.c.sequence).where(outbox.c.id == event_id)
    if organization_id is not None:
        query = query.where(outbox.c.organization_id == organization_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else EventPosition(row.transaction_id, row.sequence)


async def read_events(
    connection: AsyncConnection, after: EventPosition, organization_id: str | None, limit: int
) -> list[RecordedEvent]:
    """Return the next events after a position, at most `limit`, in order.

    Paging by the position of the last event misses none. On PostgreSQL a page ends before the oldest transaction that
    is still running, because that transaction may still add events with an earlier position.

    Args:
        connection: A connection with a new transaction for each page.
        after: The position of the last event that was read.
        organization_id: The organization. None returns the events of all organizations.
        limit: The most events to return.
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
    """Return the condition that an event comes after a position, in a form for which the database uses the index."""
    if connection.dialect.name == "sqlite":
        # For a comparison of two columns, one of them the rowid, SQLite would scan all events.
        return and_(outbox.c.transaction_id == 0, outbox.c.sequence > position.sequence)
    return tuple_(*EVENT_ORDER) > tuple_(position.transaction_id, position.sequence)


def is_settled(connection: AsyncConnection) -> ColumnElement[bool]:
    """Return the condition that no earlier event can still appear: every transaction up to the event's has ended."""
    if connection.dialect.name == "sqlite":
        return true()
    return outbox.c.transaction_id < OLDEST_RUNNING

"""Taking new events of the outbox into the lanes of a sink, in order and each once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.all_organizations import reading_all, writing_all
from db.event_queries import BEFORE_ALL, EventPosition, is_settled
from db.tables import outbox, relay_lanes, relay_sinks

PAGE: Final = 1000
"""The most events that are taken in by one transaction."""


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do for a sink: events that are in no lane yet, lanes whose time has come."""

    new_events: bool
    due_lanes: bool


async def open_sink(engine: AsyncEngine, sink: str) -> None:
    """Makes the sink known, if it is not: its first event will be the first of the outbox."""
    async with writing_all(engine) as connection:
        await connection.execute(
            _insert(connection, relay_sinks)
            .values(sink=sink, transaction_id=BEFORE_ALL.transaction_id, sequence=BEFORE_ALL.sequence)
            .on_conflict_do_nothing()
        )


async def look_for_work(engine: AsyncEngine, sink: str, now: datetime) -> Work:
    """Tells what there is to do for a sink that is known, by one statement that locks and changes nothing."""
    async with reading_all(engine) as connection:
        new_events = exists().where(_is_new(connection, relay_sinks.c.transaction_id, relay_sinks.c.sequence))
        due_lanes = exists().where(relay_lanes.c.sink == sink, relay_lanes.c.due_at <= now)
        query = select(new_events.label("new_events"), due_lanes.label("due_lanes")).where(relay_sinks.c.sink == sink)
        row = (await connection.execute(query)).one()
        return Work(row.new_events, row.due_lanes)


async def take_in(engine: AsyncEngine, sink: str, now: datetime) -> None:
    """Takes the next page of events into the lanes of their groups; idle lanes become due now.

    One relay at a time does this for a sink; another one that comes meanwhile does nothing.
    """
    async with writing_all(engine) as connection:
        seen = await _lock_sink(connection, sink)
        if seen is None:
            return
        query = (
            select(outbox.c.group_definition_id, outbox.c.transaction_id, outbox.c.sequence)
            .where(_is_new(connection, seen.transaction_id, seen.sequence))
            .order_by(outbox.c.transaction_id, outbox.c.sequence)
            .limit(PAGE)
        )
        newest: dict[UUID, EventPosition] = {}
        last = None
        for row in await connection.execute(query):
            newest[row.group_definition_id] = last = EventPosition(row.transaction_id, row.sequence)
        if last is None:
            return
        await _extend_lanes(connection, sink, seen, newest, now)
        await connection.execute(
            update(relay_sinks)
            .where(relay_sinks.c.sink == sink)
            .values(transaction_id=last.transaction_id, sequence=last.sequence)
        )


async def _lock_sink(connection: AsyncConnection, sink: str) -> EventPosition | None:
    query = select(relay_sinks.c.transaction_id, relay_sinks.c.sequence).where(relay_sinks.c.sink == sink)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else EventPosition(row.transaction_id, row.sequence)


async def _extend_lanes(
    connection: AsyncConnection, sink: str, seen: EventPosition, newest: dict[UUID, EventPosition], now: datetime
) -> None:
    statement = _insert(connection, relay_lanes)
    # A lane that is leased, or waits for its next try, keeps its time.
    statement = statement.on_conflict_do_update(
        index_elements=["sink", "group_definition_id"],
        set_={
            "newest_transaction_id": statement.excluded.newest_transaction_id,
            "newest_sequence": statement.excluded.newest_sequence,
            "due_at": func.coalesce(relay_lanes.c.due_at, statement.excluded.due_at),
        },
    )
    await connection.execute(
        statement,
        [
            {
                "sink": sink,
                "group_definition_id": group_id,
                # A group without a lane has nothing undelivered up to here.
                "transaction_id": seen.transaction_id,
                "sequence": seen.sequence,
                "newest_transaction_id": position.transaction_id,
                "newest_sequence": position.sequence,
                "again_count": 0,
                "tries": 0,
                "due_at": now,
            }
            # In one order everywhere, so that two transactions cannot wait for each other's lanes.
            for group_id, position in sorted(newest.items())
        ],
    )


def _is_new(connection: AsyncConnection, transaction_id: Any, sequence: Any) -> ColumnElement[bool]:
    place = tuple_(outbox.c.transaction_id, outbox.c.sequence)
    return (place > tuple_(transaction_id, sequence)) & is_settled(connection)


def _insert(connection: AsyncConnection, table: Any) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)

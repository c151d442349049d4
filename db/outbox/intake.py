"""Adds new events of the outbox to the lanes of a sink.

Adding an event twice changes nothing: a lane only stores its newest event and how far delivery has come.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Select, Table, case, exists, func, literal_column, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.outbox.events import BEFORE_ALL, EVENT_ORDER, EventPosition, is_after, is_settled
from db.sql.database_time import in_seconds
from db.tables import outbox, relay_lanes, relay_sinks
from db.transactions.all_organizations import reading_all, writing_all

PAGE_SIZE: Final = 1000
"""The most events that one transaction adds."""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """The work that a sink has for its relays.

    Attributes:
        new_events: Whether there are events that are in no lane yet.
        due_lanes: Whether there are lanes that are due.
        unsettled_events: Whether there are events that an older transaction holds back. It may be of any database of
            the PostgreSQL cluster. Its end sends no notification, so relays have to poll.
        overlong_waits: Whether there are lanes that are due later than any relay would set. A wrong clock has caused
            this, or an earlier setting with a longer wait.
        now: The current time, by the database's clock.
    """

    new_events: bool
    due_lanes: bool
    unsettled_events: bool
    overlong_waits: bool
    now: datetime


async def register_sink(engine: AsyncEngine, sink: str) -> None:
    """Register the sink unless it is registered. Its first event is the first one of the outbox."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        await connection.execute(
            _insert(connection, relay_sinks)
            .values(sink=sink, transaction_id=BEFORE_ALL.transaction_id, sequence=BEFORE_ALL.sequence)
            .on_conflict_do_nothing()
        )
        if connection.dialect.name == "postgresql":
            await _adopt_restored_events(connection)


async def find_work(engine: AsyncEngine, sink: str, longest_wait: float) -> PendingWork:
    """Return the work of a registered sink, without locking or changing anything.

    Raises:
        NoResultFound: The sink is not registered.
    """
    async with reading_all(engine, Role.BACKGROUND) as connection:
        position = _position((await connection.execute(_select_position(sink))).one())
        # Not EXISTS: PostgreSQL would expect many new events and choose to scan the table. ORDER BY and LIMIT make it
        # use the index.
        after = select(outbox.c.sequence).where(is_after(connection, position)).order_by(*EVENT_ORDER).limit(1)
        settled = is_settled(connection)
        now = in_seconds(connection)
        lanes = exists().where(relay_lanes.c.sink == sink)
        query = select(
            after.where(settled).scalar_subquery().is_not(None).label("new_events"),
            lanes.where(relay_lanes.c.due_at <= now).label("due_lanes"),
            after.where(not_(settled)).scalar_subquery().is_not(None).label("unsettled_events"),
            lanes.where(relay_lanes.c.due_at > in_seconds(connection, longest_wait)).label("overlong_waits"),
            now.label("now"),
        )
        return PendingWork(**(await connection.execute(query)).mappings().one())


async def ingest_events(engine: AsyncEngine, sink: str) -> None:
    """Add the next page of events to the lanes of their groups. Idle lanes become due now.

    Only one relay at a time does this for a sink. Concurrent calls do nothing.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        position = await _lock_sink(connection, sink)
        if position is None:
            return
        query = (
            select(outbox.c.group_definition_id, outbox.c.transaction_id, outbox.c.sequence)
            .where(is_after(connection, position), is_settled(connection))
            .order_by(*EVENT_ORDER)
            .limit(PAGE_SIZE)
        )
        newest: dict[UUID, int] = {}
        last = None
        for row in await connection.execute(query):
            last = _position(row)
            newest[row.group_definition_id] = max(row.sequence, newest.get(row.group_definition_id, 0))
        if last is None:
            return
        await _extend_lanes(connection, sink, newest)
        await connection.execute(
            update(relay_sinks)
            .where(relay_sinks.c.sink == sink)
            .values(transaction_id=last.transaction_id, sequence=last.sequence)
        )


async def _lock_sink(connection: AsyncConnection, sink: str) -> EventPosition | None:
    query = _select_position(sink)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _position(row)


async def _extend_lanes(connection: AsyncConnection, sink: str, newest: dict[UUID, int]) -> None:
    lane = _insert(connection, relay_lanes).values(due_at=in_seconds(connection))
    proposed = lane.excluded
    larger = func.greatest if connection.dialect.name == "postgresql" else func.max
    lane = lane.on_conflict_do_update(
        index_elements=["sink", "group_definition_id"],
        set_={
            "newest_sequence": larger(relay_lanes.c.newest_sequence, proposed.newest_sequence),
            # A lane that is leased, or waits for a retry, keeps its due time.
            "due_at": case(
                (
                    proposed.newest_sequence > relay_lanes.c.sequence,
                    func.coalesce(relay_lanes.c.due_at, proposed.due_at),
                ),
                else_=relay_lanes.c.due_at,
            ),
        },
    )
    rows = [
        {
            "sink": sink,
            "group_definition_id": group_id,
            "sequence": 0,
            "newest_sequence": sequence,
            "again_count": 0,
            "tries": 0,
        }
        # Always in the same order, so that two transactions cannot deadlock.
        for group_id, sequence in sorted(newest.items())
    ]
    await connection.execute(lane, rows)


async def _adopt_restored_events(connection: AsyncConnection) -> None:
    """Make events from another PostgreSQL cluster sort before new ones, and let every sink read all events again.

    Transaction ids differ between clusters. After a dump is restored, stored ids may exceed the current ones of this
    cluster. New events would then sort before the restored ones and count as delivered.
    """
    foreign = outbox.c.transaction_id >= literal_column(
        "pg_snapshot_xmax(pg_current_snapshot())::text::bigint", BigInteger
    )
    if await connection.scalar(select(outbox.c.sequence).where(foreign).order_by(*EVENT_ORDER).limit(1)) is None:
        return
    await connection.execute(update(outbox).where(foreign).values(transaction_id=0))
    await connection.execute(
        update(relay_sinks).values(transaction_id=BEFORE_ALL.transaction_id, sequence=BEFORE_ALL.sequence)
    )


def _select_position(sink: str) -> Select[tuple[int, int]]:
    return select(relay_sinks.c.transaction_id, relay_sinks.c.sequence).where(relay_sinks.c.sink == sink)


def _position(row: Any) -> EventPosition:
    return EventPosition(row.transaction_id, row.sequence)


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)

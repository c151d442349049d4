"""Taking new events of the outbox into the lanes of a sink.

Taking an event in twice changes nothing: a lane only ever grows towards newer events, and knows how far it has come.
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

PAGE: Final = 1000
"""The most events that are taken in by one transaction."""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """What there is to do for a sink.

    Attributes:
        new_events: Whether there are events that are in no lane yet.
        due_lanes: Whether there are lanes whose time has come.
        unsettled_events: Whether events are stored that an older transaction, of any database of the server, holds
            back: nobody is told when it ends, so they have to be looked for again.
        overlong_waits: Whether there are lanes that wait for longer than any relay lets them: a wrong clock has stored
            that, or a longer wait was configured before.
        now: The present, by the database's clock.
    """

    new_events: bool
    due_lanes: bool
    unsettled_events: bool
    overlong_waits: bool
    now: datetime


async def register_sink(engine: AsyncEngine, sink: str) -> None:
    """Make the sink known, if it is not: its first event will be the first of the outbox."""
    async with writing_all(engine, Role.BACKGROUND) as connection:
        await connection.execute(
            _insert(connection, relay_sinks)
            .values(sink=sink, transaction_id=BEFORE_ALL.transaction_id, sequence=BEFORE_ALL.sequence)
            .on_conflict_do_nothing()
        )
        if connection.dialect.name == "postgresql":
            await _adopt_restored_events(connection)


async def find_work(engine: AsyncEngine, sink: str, longest_wait: float) -> PendingWork:
    """Return what there is to do for a sink that is known, without locking or changing anything.

    Raises:
        NoResultFound: The sink is not known.
    """
    async with reading_all(engine, Role.BACKGROUND) as connection:
        seen = _position((await connection.execute(_position_of(sink))).one())
        # In order and limited, where EXISTS would do: PostgreSQL would expect many new events, and read all for one.
        after = select(outbox.c.sequence).where(is_after(connection, seen)).order_by(*EVENT_ORDER).limit(1)
        settled = is_settled(connection)
        now = in_seconds(connection)
        lanes = exists().where(relay_lanes.c.sink == sink)
        query = select(
            after.where(settled).scalar_subquery().is_not(None),
            lanes.where(relay_lanes.c.due_at <= now),
            after.where(not_(settled)).scalar_subquery().is_not(None),
            lanes.where(relay_lanes.c.due_at > in_seconds(connection, longest_wait)),
            now,
        )
        return PendingWork(*(await connection.execute(query)).one())


async def ingest_events(engine: AsyncEngine, sink: str) -> None:
    """Take the next page of events into the lanes of their groups; idle lanes become due now.

    One relay at a time does this for a sink; another one that comes meanwhile does nothing.
    """
    async with writing_all(engine, Role.BACKGROUND) as connection:
        seen = await _lock_sink(connection, sink)
        if seen is None:
            return
        query = (
            select(outbox.c.group_definition_id, outbox.c.transaction_id, outbox.c.sequence)
            .where(is_after(connection, seen), is_settled(connection))
            .order_by(*EVENT_ORDER)
            .limit(PAGE)
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
    query = _position_of(sink)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _position(row)


async def _extend_lanes(connection: AsyncConnection, sink: str, newest: dict[UUID, int]) -> None:
    lane = _insert(connection, relay_lanes).values(due_at=in_seconds(connection))
    offered = lane.excluded
    larger = func.greatest if connection.dialect.name == "postgresql" else func.max
    lane = lane.on_conflict_do_update(
        index_elements=["sink", "group_definition_id"],
        set_={
            "newest_sequence": larger(relay_lanes.c.newest_sequence, offered.newest_sequence),
            # A lane that is leased, or waits for its next try, keeps its time.
            "due_at": case(
                (offered.newest_sequence > relay_lanes.c.sequence, func.coalesce(relay_lanes.c.due_at, offered.due_at)),
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
        # In one order everywhere, so that two transactions cannot wait for each other's lanes.
        for group_id, sequence in sorted(newest.items())
    ]
    await connection.execute(lane, rows)


async def _adopt_restored_events(connection: AsyncConnection) -> None:
    """Bring events from a dump of another PostgreSQL into the order of this one, and looks at all of them again.

    Transactions there had other numbers. One that has not been given out here is a sure sign: new events would sort
    before it, and be taken for delivered.
    """
    not_ours = outbox.c.transaction_id >= literal_column(
        "pg_snapshot_xmax(pg_current_snapshot())::text::bigint", BigInteger
    )
    if await connection.scalar(select(outbox.c.sequence).where(not_ours).order_by(*EVENT_ORDER).limit(1)) is None:
        return
    await connection.execute(update(outbox).where(not_ours).values(transaction_id=0))
    await connection.execute(
        update(relay_sinks).values(transaction_id=BEFORE_ALL.transaction_id, sequence=BEFORE_ALL.sequence)
    )


def _position_of(sink: str) -> Select[tuple[int, int]]:
    return select(relay_sinks.c.transaction_id, relay_sinks.c.sequence).where(relay_sinks.c.sink == sink)


def _position(row: Any) -> EventPosition:
    return EventPosition(row.transaction_id, row.sequence)


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)

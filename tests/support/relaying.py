"""Relays for tests, on the test's database, with a chosen backoff and a clock that tests advance."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Interval, func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.connections.engine import Database
from db.connections.roles import Role
from db.sql.database_time import in_seconds
from db.tables import outbox, parked_events, relay_lanes
from db.transactions.all_organizations import writing_all
from server.events.relay import Relay, running
from server.events.sink_relay import CountAttempt, Pause, wait_for_event
from server.events.sinks import Sink
from server.events.webhook_sink import WebhookSink
from server.runtime.retries import Retries
from tests.support.databases import operator_of
from tests.support.receiver import SECRET, Receiver

QUICK_RETRIES = Retries(attempts=1000, first_backoff=0.01, max_backoff=0.02)


def webhook(receiver: Receiver, retries: Retries = QUICK_RETRIES, timeout: float = 10) -> WebhookSink:
    return WebhookSink(receiver.url, SECRET, timeout=timeout, retries=retries)


@asynccontextmanager
async def relays(
    engine: Database,
    *sinks: Sink,
    jitter: float = 0.5,
    pause: Pause = wait_for_event,
    count_attempt: CountAttempt | None = None,
) -> AsyncIterator[Relay]:
    """Run a relay that delivers to these sinks during the block."""
    relay = Relay(engine, sinks, lambda: jitter, pause, count_attempt)
    async with running(relay):
        yield relay


async def record(
    engine: Database, groups: Iterable[uuid.UUID], organization: str = "org-1", **payload: Any
) -> list[str]:
    """Store an event for each of these groups in one transaction, and return their ids in order."""
    ids = []
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        transaction = 0
        if connection.dialect.name == "postgresql":
            transaction = int(await connection.scalar(select(text("pg_current_xact_id()::text"))) or 0)
        for group in groups:
            event_id = uuid.uuid4()
            ids.append(str(event_id))
            envelope = {
                "id": str(event_id),
                "event": "pm_group_session_scheduled",
                "payload": {"group": str(group), **payload},
                "metadata": {"organization_id": organization},
            }
            await connection.execute(
                insert(outbox).values(
                    id=event_id,
                    organization_id=organization,
                    group_definition_id=group,
                    transaction_id=transaction,
                    event=envelope["event"],
                    envelope=envelope,
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
    return ids


async def record_in(
    connection: AsyncConnection, organization: str = "org-1", count: int = 1, group: uuid.UUID | None = None
) -> list[str]:
    """Store events in the connection's transaction, as a unit of work does, each in its own group or in `group`."""
    transaction = 0
    if connection.dialect.name == "postgresql":
        transaction = int(await connection.scalar(select(text("pg_current_xact_id()::text"))) or 0)
    ids = [uuid.uuid4() for _ in range(count)]
    await connection.execute(
        insert(outbox),
        [
            {
                "id": event_id,
                "organization_id": organization,
                "group_definition_id": group or uuid.uuid4(),
                "transaction_id": transaction,
                "event": "pm_group_session_scheduled",
                "envelope": {
                    "id": str(event_id),
                    "payload": {"group": str(group)},
                    "metadata": {"organization_id": organization},
                },
                "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for event_id in ids
        ],
    )
    return [str(event_id) for event_id in ids]


async def let_time_pass(engine: Database, time: timedelta) -> None:
    """Move the due times of all lanes into the past, as if the database's clock had advanced."""
    async with engine.begin() as connection:
        earlier: Any = relay_lanes.c.due_at - literal(time, Interval)
        if connection.dialect.name == "sqlite":
            earlier = func.strftime(
                "%Y-%m-%d %H:%M:%f000", relay_lanes.c.due_at, f"{-time.total_seconds():+.3f} seconds"
            )
        await connection.execute(update(relay_lanes).values(due_at=earlier))


async def database_now(engine: Database) -> datetime:
    async with engine.connect() as connection:
        return (await connection.execute(select(in_seconds(connection)))).scalar_one()


async def lanes(engine: Database) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(relay_lanes))).mappings()]


async def parked(engine: Database) -> list[dict[str, Any]]:
    query = select(parked_events).order_by(parked_events.c.sequence)
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def nothing_is_due(engine: Database) -> bool:
    return all((lane["due_at"], lane["lease"]) == (None, None) for lane in await lanes(engine))

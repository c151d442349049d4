"""Relays as tests run them: on the test's database, with a clock that tests set, and waits that they choose."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text

from db.all_organizations import writing_all
from db.engine import Database
from db.roles import Role
from db.tables import outbox, parked_events, relay_lanes
from server.clock import now
from server.relay import Relay, running
from server.retries import Retries
from server.sink_relay import Pause, pause_at_most
from server.sinks import Sink
from server.webhook_sink import WebhookSink
from tests.databases import operator_of
from tests.receiver import SECRET, Receiver

PATIENT = Retries(tries=1000, first_wait=0.01, longest_wait=0.02)


@dataclass
class Clock:
    """The real time, or a later one."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


def webhook(receiver: Receiver, retries: Retries = PATIENT, timeout: float = 10) -> WebhookSink:
    return WebhookSink(receiver.url, SECRET, timeout=timeout, retries=retries, clock=now)


@asynccontextmanager
async def relays(
    engine: Database,
    *sinks: Sink,
    clock: Callable[[], datetime] = now,
    chance: float = 0.5,
    pause: Pause = pause_at_most,
) -> AsyncIterator[Relay]:
    """Has a relay deliver to these sinks while the block runs."""
    relay = Relay(engine, sinks, clock, lambda: chance, pause)
    async with running(relay):
        yield relay


async def record(
    engine: Database, groups: Iterable[uuid.UUID], organization: str = "org-1", **payload: Any
) -> list[str]:
    """Stores an event for each of these groups, in one transaction; gives their ids in order."""
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


async def lanes(engine: Database) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(relay_lanes))).mappings()]


async def parked(engine: Database) -> list[dict[str, Any]]:
    query = select(parked_events).order_by(parked_events.c.sequence)
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def nothing_is_due(engine: Database) -> bool:
    return all((lane["due_at"], lane["lease"]) == (None, None) for lane in await lanes(engine))

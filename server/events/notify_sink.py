"""The sink that sends events as PostgreSQL notifications, to all sessions that LISTEN on a channel."""

from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.outbox.lanes import LaneEvent
from db.transactions.all_organizations import writing_all
from server.runtime.retries import Retries

MAX_PAYLOAD_BYTES: Final = 7900
"""PostgreSQL accepts payloads of fewer than 8,000 bytes."""


class NotifySink:
    """Notifies a channel of the server's own database of each event.

    A notification reaches only the sessions that listen at that moment. It fails only if the database fails, never
    because of the event, so an event is retried until it is sent and is never parked.
    """

    name = "notify"
    timeout_seconds = 10.0
    retries = Retries(attempts=1, first_backoff=1, max_backoff=1)

    def __init__(self, engine: AsyncEngine, channel: str) -> None:
        self._engine = engine
        self._channel = channel

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Send the event's envelope, or an object with only its id if the envelope is too long."""
        del now
        payload = orjson.dumps(event.envelope)
        if len(payload) > MAX_PAYLOAD_BYTES:
            payload = orjson.dumps({"id": str(event.id)})
        async with writing_all(self._engine, Role.BACKGROUND) as connection:
            await connection.execute(select(func.pg_notify(self._channel, payload.decode())))

    async def close(self) -> None:
        """Do nothing: the sink holds no connection."""

"""Events as notifications of PostgreSQL: whoever has said LISTEN gets them."""

from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.outbox.lanes import LaneEvent
from db.transactions.all_organizations import writing_all
from server.runtime.retries import Retries

LONGEST_PAYLOAD: Final = 7900
"""Bytes; PostgreSQL takes fewer than 8,000."""


class NotifySink:
    """Tells each event on one channel of the database that the server is on.

    Notifications reach whoever listens at that moment. A fault is the database's own, never the event's, so an event
    is tried until it is told, and none is parked.
    """

    name = "notify"
    longest_seconds = 10.0
    retries = Retries(tries=1, first_wait=1, longest_wait=1)

    def __init__(self, engine: AsyncEngine, channel: str) -> None:
        self._engine = engine
        self._channel = channel

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Notify of the event: its envelope, or where that is too long, an object with its id alone."""
        del now
        payload = orjson.dumps(event.envelope)
        if len(payload) > LONGEST_PAYLOAD:
            payload = orjson.dumps({"id": str(event.id)})
        async with writing_all(self._engine, Role.BACKGROUND) as connection:
            await connection.execute(select(func.pg_notify(self._channel, payload.decode())))

    async def close(self) -> None:
        """Nothing is open between events."""

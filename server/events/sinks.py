"""Event sinks: their protocol, and the sinks that are configured."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from db.outbox.lanes import LaneEvent
from server.events.notify_sink import NotifySink
from server.runtime.retries import Retries
from server.settings.environment import Settings


class Sink(Protocol):
    """A receiver of all events."""

    @property
    def name(self) -> str:
        """The sink's name in logs and in the database, where its progress is stored under this name."""

    @property
    def timeout_seconds(self) -> float:
        """The longest time that a delivery may take."""

    @property
    def retries(self) -> Retries:
        """The retry policy. After the last attempt an event is parked."""

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Deliver one event.

        Args:
            event: The event.
            now: The current time, by the database's clock.

        Raises:
            NotDelivered: The receiver did not accept the event. Any other exception is a fault of this server or its
                database, and does not count as an attempt.
        """

    async def close(self) -> None:
        """Close the sink's connections."""


def sinks_of(settings: Settings, engine: AsyncEngine) -> list[Sink]:
    """Return the configured sinks."""
    sinks: list[Sink] = []
    if settings.events_notify_channel is not None:
        sinks.append(NotifySink(engine, settings.events_notify_channel))
    if settings.events_webhook_url is not None and settings.events_webhook_secret is not None:
        # Imported here because its HTTP client takes 4 MB of memory.
        from server.events.webhook_sink import WebhookSink

        retries = Retries(
            settings.events_webhook_tries, settings.events_webhook_first_wait, settings.events_webhook_longest_wait
        )
        sinks.append(
            WebhookSink(
                settings.events_webhook_url,
                settings.events_webhook_secret,
                timeout=settings.events_webhook_timeout,
                retries=retries,
            )
        )
    return sinks

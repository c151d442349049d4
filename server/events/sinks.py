"""Where events go: what a sink is, and those that the settings ask for."""

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
        """The sink's name in the database and in logs: how far it has come is kept under it."""

    @property
    def longest_seconds(self) -> float:
        """The longest time a delivery may take."""

    @property
    def retries(self) -> Retries:
        """How often an event is tried before it is parked."""

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Deliver one event.

        Args:
            event: The event.
            now: The present, by the database's clock.

        Raises:
            NotDelivered: The receiver did not take it. Any other exception is no fault of the event's.
        """

    async def close(self) -> None:
        """End what is open."""


def sinks_of(settings: Settings, engine: AsyncEngine) -> list[Sink]:
    """Return the sinks that are configured."""
    sinks: list[Sink] = []
    if settings.events_notify_channel is not None:
        sinks.append(NotifySink(engine, settings.events_notify_channel))
    if settings.events_webhook_url is not None and settings.events_webhook_secret is not None:
        # Here and not above: its HTTP client takes some 4 MB, for as long as the server runs.
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

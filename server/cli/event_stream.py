"""Prints the recorded events, one JSON object per line."""

import asyncio
from collections.abc import Callable
from typing import BinaryIO, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.faults import classify_fault
from db.connections.roles import Role
from db.outbox.events import BEFORE_ALL, EventPosition, RecordedEvent, find_position, read_events
from db.transactions.all_organizations import reading_all
from server.runtime.command_error import CommandError
from server.runtime.retries import Retries

PAGE: Final = 500
POLL_SECONDS: Final = 0.5
_OUTAGE: Final = Retries(attempts=0, first_backoff=0.5, max_backoff=5)


async def print_events(engine: AsyncEngine, out: BinaryIO, *, organization_id: str | None, after: str | None) -> None:
    """Write all recorded events in order, page by page.

    Args:
        engine: The database.
        out: Receives the lines; it is flushed after each page.
        organization_id: The organization whose events to print; None prints all.
        after: The id of the event to continue after; None starts with the first event.

    Raises:
        CommandError: No event has the id `after`.
    """
    cursor = _EventCursor(engine, organization_id, after)
    # A page may be short because a transaction was running, so only an empty page is the end.
    while events := await cursor.next_page():
        _write(out, events)


async def follow_events(
    engine: AsyncEngine,
    out: BinaryIO,
    notify: Callable[[str], None],
    *,
    organization_id: str | None,
    after: str | None,
) -> None:
    """Write the events in order, then wait for new ones until cancelled. Survive outages of the database.

    Args:
        engine: The database.
        out: Receives the lines; it is flushed after each page.
        notify: Receives a message when the connection to the database is lost, and one when it is restored.
        organization_id: The organization whose events to print; None prints all.
        after: The id of the event to continue after; None starts with the first event.

    Raises:
        CommandError: No event has the id `after`.
    """
    cursor = _EventCursor(engine, organization_id, after)
    failures = 0
    while True:
        try:
            events = await cursor.next_page()
        except Exception as fault:
            if classify_fault(fault) is None:
                raise  # not an outage: a retry would fail in the same way
            if not failures:
                notify(f"the connection to the database is lost ({type(fault).__name__}); retrying")
            failures += 1
            cursor.forget_position()
            await asyncio.sleep(_OUTAGE.backoff(failures, 1))
            continue
        if failures:
            notify("the database is back; continuing after the last printed event")
        failures = 0
        _write(out, events)
        if len(events) < PAGE:
            await asyncio.sleep(POLL_SECONDS)


class _EventCursor:
    """Reads the event stream page by page, starting after an event."""

    def __init__(self, engine: AsyncEngine, organization_id: str | None, after: str | None) -> None:
        self._engine = engine
        self._organization_id = organization_id
        self._after = after
        self._position: EventPosition | None = None

    def forget_position(self) -> None:
        """Look the last event up by its id before the next page: its position may differ on a standby server."""
        self._position = None

    async def next_page(self) -> list[RecordedEvent]:
        """Return the next events, or an empty list if there are none yet."""
        if self._position is None:
            self._position = await self._look_up_position()
        async with reading_all(self._engine, Role.OPERATOR) as connection:
            events = await read_events(connection, self._position, self._organization_id, PAGE)
        if events:
            self._position = events[-1].position
            self._after = str(events[-1].envelope["id"])
        return events

    async def _look_up_position(self) -> EventPosition:
        if self._after is None:
            return BEFORE_ALL
        try:
            event_id = UUID(self._after)
        except ValueError:
            raise CommandError(
                f"--after: {self._after!r} is not an event id; use the `id` of a printed event"
            ) from None
        async with reading_all(self._engine, Role.OPERATOR) as connection:
            position = await find_position(connection, event_id, self._organization_id)
        if position is None:
            raise CommandError(f"--after: no event has the id {event_id}; use the `id` of a printed event")
        return position


def _write(out: BinaryIO, events: list[RecordedEvent]) -> None:
    if events:
        out.write(b"".join(orjson.dumps(event.envelope) + b"\n" for event in events))
        out.flush()

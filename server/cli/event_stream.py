"""Prints the recorded events, one JSON object a line."""

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
_OUTAGE: Final = Retries(tries=0, first_wait=0.5, longest_wait=5)


async def print_events(engine: AsyncEngine, out: BinaryIO, *, organization_id: str | None, after: str | None) -> None:
    """Write the events in order, a page at a time, to the last one that is recorded.

    Args:
        engine: The database.
        out: Where the lines go; it is flushed after each page.
        organization_id: The organization whose events to print; None prints all.
        after: The id of the event to go on after; None starts with the first.

    Raises:
        CommandError: Where there is no event with the id `after`.
    """
    reader = _Reader(engine, organization_id, after)
    # A page may be short because a transaction was running, so only an empty one is the end.
    while events := await reader.next_page():
        _write(out, events)


async def follow_events(
    engine: AsyncEngine,
    out: BinaryIO,
    say: Callable[[str], None],
    *,
    organization_id: str | None,
    after: str | None,
) -> None:
    """Write the events in order, and go on with new ones until cancelled, past outages of the database.

    Args:
        engine: The database.
        out: Where the lines go; it is flushed after each page.
        say: Takes a sentence when the database is lost, and one when it is back.
        organization_id: The organization whose events to print; None prints all.
        after: The id of the event to go on after; None starts with the first.

    Raises:
        CommandError: Where there is no event with the id to go on after.
    """
    reader = _Reader(engine, organization_id, after)
    faults = 0
    while True:
        try:
            events = await reader.next_page()
        except Exception as fault:
            if classify_fault(fault) is None:
                raise  # of the statement, or of what was asked for: it would be refused again
            if not faults:
                say(f"the database is lost ({type(fault).__name__}); trying again until it is back")
            faults += 1
            reader.look_up_position()
            await asyncio.sleep(_OUTAGE.wait(faults, 1))
            continue
        if faults:
            say("the database is back; going on after the last event that was printed")
        faults = 0
        _write(out, events)
        if len(events) < PAGE:
            await asyncio.sleep(POLL_SECONDS)


class _Reader:
    """Reads page after page, from the event after one."""

    def __init__(self, engine: AsyncEngine, organization_id: str | None, after: str | None) -> None:
        self._engine = engine
        self._organization_id = organization_id
        self._after = after
        self._position: EventPosition | None = None

    def look_up_position(self) -> None:
        """Have the next page begin by looking up the last event by its id: another server may have it elsewhere."""
        self._position = None

    async def next_page(self) -> list[RecordedEvent]:
        """Return the next events; none where there are no more yet."""
        if self._position is None:
            self._position = await self._position_of_last()
        async with reading_all(self._engine, Role.OPERATOR) as connection:
            events = await read_events(connection, self._position, self._organization_id, PAGE)
        if events:
            self._position = events[-1].position
            self._after = str(events[-1].envelope["id"])
        return events

    async def _position_of_last(self) -> EventPosition:
        if self._after is None:
            return BEFORE_ALL
        try:
            event_id = UUID(self._after)
        except ValueError:
            raise CommandError(f"--after: {self._after!r} is not the id of an event") from None
        async with reading_all(self._engine, Role.OPERATOR) as connection:
            position = await find_position(connection, event_id, self._organization_id)
        if position is None:
            raise CommandError(f"--after: there is no event with the id {event_id}")
        return position


def _write(out: BinaryIO, events: list[RecordedEvent]) -> None:
    if events:
        out.write(b"".join(orjson.dumps(event.envelope) + b"\n" for event in events))
        out.flush()

"""Prints the recorded events, one JSON object a line."""

import asyncio
from typing import BinaryIO, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.all_organizations import reading_all
from db.event_queries import BEFORE_ALL, EventPosition, find_position, read_events
from db.roles import Role
from server.command_error import CommandError

PAGE: Final = 500
POLL_SECONDS: Final = 0.5


async def print_events(
    engine: AsyncEngine, out: BinaryIO, *, organization_id: str | None, after: str | None, follow: bool
) -> None:
    """Writes the events in order, a page at a time.

    Args:
        engine: The database.
        out: Where the lines go; it is flushed after each page.
        organization_id: The organization whose events to print; None prints all.
        after: The id of the event to go on after; None starts with the first.
        follow: Goes on with new events until cancelled.

    Raises:
        CommandError: Where there is no event with the id `after`.
    """
    position = BEFORE_ALL if after is None else await _position_of(engine, after, organization_id)
    while True:
        async with reading_all(engine, Role.OPERATOR) as connection:
            events = await read_events(connection, position, organization_id, PAGE)
        if events:
            out.write(b"".join(orjson.dumps(event.envelope) + b"\n" for event in events))
            out.flush()
            position = events[-1].position
        elif not follow:
            # A page may be short because a transaction was running, so only an empty one is the end.
            return
        if follow and len(events) < PAGE:
            await asyncio.sleep(POLL_SECONDS)


async def _position_of(engine: AsyncEngine, after: str, organization_id: str | None) -> EventPosition:
    try:
        event_id = UUID(after)
    except ValueError:
        raise CommandError(f"--after: {after!r} is not the id of an event") from None
    async with reading_all(engine, Role.OPERATOR) as connection:
        position = await find_position(connection, event_id, organization_id)
    if position is None:
        raise CommandError(f"--after: there is no event with the id {event_id}")
    return position

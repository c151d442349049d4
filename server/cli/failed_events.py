"""What the relay has parked and what it still tries, for the operator; and sending again what is parked."""

from typing import BinaryIO, TextIO

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.outbox.parked_events import list_parked, send_again
from db.outbox.waiting_events import list_waiting


async def print_parked(engine: AsyncEngine, out: BinaryIO, organization_id: str | None) -> None:
    """Write one JSON object a line for each parked event: its ids, where it was to go, how often, and why not."""
    parked = await list_parked(engine, organization_id)
    # The drivers' own kinds of UUID are not all known to orjson.
    out.writelines(orjson.dumps(event, default=str, option=orjson.OPT_APPEND_NEWLINE) for event in parked)
    out.flush()


async def print_waiting(engine: AsyncEngine, out: BinaryIO, organization_id: str | None) -> None:
    """Write one JSON object a line for each sink and group with events that are not delivered: how many, and why."""
    waiting = await list_waiting(engine, organization_id)
    out.writelines(orjson.dumps(events, default=str, option=orjson.OPT_APPEND_NEWLINE) for events in waiting)
    out.flush()


async def retry_parked(engine: AsyncEngine, out: TextIO, organization_id: str | None) -> None:
    """Make the relays send again what is parked, and say how many events that are."""
    count = await send_again(engine, organization_id)
    out.write(f"{count} parked event{' goes' if count == 1 else 's go'} out again, by the relays that are running.\n")

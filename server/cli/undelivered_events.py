"""The commands `events --failed`, `--waiting` and `--retry`: events that the relay has not delivered."""

from typing import BinaryIO, TextIO

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.outbox.parked_events import list_parked, send_again
from db.outbox.waiting_events import list_waiting


async def print_parked(engine: AsyncEngine, out: BinaryIO, organization_id: str | None) -> None:
    """Write one JSON object per line for each parked event: its ids, its sink, the number of attempts and the error."""
    events = await list_parked(engine, organization_id)
    # The drivers have their own UUID classes, which orjson does not serialize without `default`.
    out.writelines(orjson.dumps(event, default=str, option=orjson.OPT_APPEND_NEWLINE) for event in events)
    out.flush()


async def print_waiting(engine: AsyncEngine, out: BinaryIO, organization_id: str | None) -> None:
    """Write one JSON object per line for each sink and group with undelivered events: their number and the error."""
    lanes = await list_waiting(engine, organization_id)
    out.writelines(orjson.dumps(lane, default=str, option=orjson.OPT_APPEND_NEWLINE) for lane in lanes)
    out.flush()


async def retry_parked(engine: AsyncEngine, out: TextIO, organization_id: str | None) -> None:
    """Requeue the parked events, and write how many there are."""
    count = await send_again(engine, organization_id)
    events, them = ("event", "it") if count == 1 else ("events", "them")
    out.write(f"Requeued {count} parked {events}. A running relay will deliver {them}.\n")

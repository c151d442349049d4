"""What the relay has parked, for the operator: printed with the reason, and sent again."""

from typing import BinaryIO, TextIO

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.parked_events import list_parked, send_again
from server.clock import now


async def print_parked(engine: AsyncEngine, out: BinaryIO, organization_id: str | None) -> None:
    """Writes one JSON object a line for each parked event: its ids, where it was to go, how often, and why not."""
    parked = await list_parked(engine, organization_id)
    # The drivers' own kinds of UUID are not all known to orjson.
    out.writelines(orjson.dumps(event, default=str, option=orjson.OPT_APPEND_NEWLINE) for event in parked)
    out.flush()


async def retry_parked(engine: AsyncEngine, out: TextIO, organization_id: str | None) -> None:
    """Has the relays send again what is parked, and says how many events that are."""
    count = await send_again(engine, organization_id, now())
    out.write(f"{count} parked event{' goes' if count == 1 else 's go'} out again, by the relays that are running.\n")

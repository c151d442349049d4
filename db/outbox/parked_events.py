"""Events that were put aside after a sink had refused them too often: what is parked and why, and sending it again."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, false, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.roles import Role
from db.sql.database_time import in_seconds
from db.tables import parked_events, relay_lanes
from db.transactions.all_organizations import reading_all, writing_all


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that one sink did not take; `again`: it is on its way once more."""

    id: UUID
    event: str
    sink: str
    organization_id: str
    group_definition_id: UUID
    tries: int
    reason: str
    parked_at: datetime
    again: bool


async def list_parked(engine: AsyncEngine, organization_id: str | None) -> list[ParkedEvent]:
    """Return what is parked, in the order of the events; of all organizations where none is given."""
    columns = [parked_events.c[name] for name in ParkedEvent.__dataclass_fields__]
    query = select(*columns).where(*_of(organization_id))
    query = query.order_by(parked_events.c.sequence, parked_events.c.sink)
    async with reading_all(engine, Role.OPERATOR) as connection:
        return [ParkedEvent(*row) for row in await connection.execute(query)]


async def send_again(engine: AsyncEngine, organization_id: str | None) -> int:
    """Have the relays send what is parked again, before what is newer of the same groups; return how many events."""
    marked = update(parked_events).where(parked_events.c.again == false(), *_of(organization_id)).values(again=True)
    marked = marked.returning(parked_events.c.sink, parked_events.c.group_definition_id)
    async with writing_all(engine, Role.OPERATOR) as connection:
        lanes = Counter((row.sink, row.group_definition_id) for row in await connection.execute(marked))
        due_at = _at_once_unless_leased(connection)
        # In one order everywhere, so that two transactions cannot wait for each other's lanes.
        for (sink, group_id), count in sorted(lanes.items()):
            await connection.execute(
                update(relay_lanes)
                .where(relay_lanes.c.sink == sink, relay_lanes.c.group_definition_id == group_id)
                .values(again_count=relay_lanes.c.again_count + count, tries=0, due_at=due_at)
            )
        return lanes.total()


def _at_once_unless_leased(connection: AsyncConnection) -> ColumnElement[Any]:
    return case((relay_lanes.c.lease == null(), in_seconds(connection)), else_=relay_lanes.c.due_at)


def _of(organization_id: str | None) -> list[ColumnElement[bool]]:
    return [] if organization_id is None else [parked_events.c.organization_id == organization_id]

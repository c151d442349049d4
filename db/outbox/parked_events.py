"""Parked events: events that a sink has refused too often. Lists them, and marks them to be sent again."""

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
    """An event that a sink has refused. `again` tells that it is to be sent again."""

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
    """Return the parked events of an organization in their order. None means all organizations."""
    columns = [parked_events.c[name] for name in ParkedEvent.__dataclass_fields__]
    query = select(*columns).where(*_in_organization(organization_id))
    query = query.order_by(parked_events.c.sequence, parked_events.c.sink)
    async with reading_all(engine, Role.OPERATOR) as connection:
        return [ParkedEvent(**row) for row in (await connection.execute(query)).mappings()]


async def send_again(engine: AsyncEngine, organization_id: str | None) -> int:
    """Mark parked events to be sent again, before newer events of the same groups. Return how many were marked."""
    marked = (
        update(parked_events)
        .where(parked_events.c.again == false(), *_in_organization(organization_id))
        .values(again=True)
    )
    marked = marked.returning(parked_events.c.sink, parked_events.c.group_definition_id)
    async with writing_all(engine, Role.OPERATOR) as connection:
        lanes = Counter((row.sink, row.group_definition_id) for row in await connection.execute(marked))
        due_at = _now_unless_leased(connection)
        # Always in the same order, so that two transactions cannot deadlock.
        for (sink, group_id), count in sorted(lanes.items()):
            await connection.execute(
                update(relay_lanes)
                .where(relay_lanes.c.sink == sink, relay_lanes.c.group_definition_id == group_id)
                .values(again_count=relay_lanes.c.again_count + count, tries=0, due_at=due_at)
            )
        return lanes.total()


def _now_unless_leased(connection: AsyncConnection) -> ColumnElement[Any]:
    return case((relay_lanes.c.lease == null(), in_seconds(connection)), else_=relay_lanes.c.due_at)


def _in_organization(organization_id: str | None) -> list[ColumnElement[bool]]:
    return [] if organization_id is None else [parked_events.c.organization_id == organization_id]

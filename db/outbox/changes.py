"""Reads the outbox as the changes that subscribers receive: ids of what happened, in the order of all events.

A server's tail reads the new changes of all organizations. A request reads the changes of its own organization.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, desc, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.outbox.events import BEFORE_ALL, EVENT_ORDER, OLDEST_RUNNING, EventPosition, find_position, is_after, is_settled
from db.sql.statement import Statement, equals, of_organization
from db.tables import outbox
from db.transactions.all_organizations import reading_all
from db.transactions.snapshots import Snapshot

PAGE: Final = 500
"""The most changes that one statement reads."""

_COLUMNS: Final = (
    outbox.c.transaction_id,
    outbox.c.sequence,
    outbox.c.organization_id,
    outbox.c.id,
    outbox.c.event,
    outbox.c.created_at,
    outbox.c.group_definition_id,
    outbox.c.envelope,
)
_NEWEST_FIRST: Final = tuple(desc(column) for column in EVENT_ORDER)


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """What happened to a session or an enrollment of a group. It contains ids only.

    Attributes:
        position: The position in the order of all events.
        organization_id: The organization.
        id: The id of the event.
        event: The name of the event, such as pm_group_patient_promoted.
        at: When it happened.
        group_definition_id: The group.
        occurrence_id: The session, if the event is of one.
        enrollment_id: The enrollment, if the event is of one.
        patient_id: The registry's id of the enrollment's patient.
        correlation_id: The id of the request that made the change.
        actor_id: The caller who made it.
    """

    position: EventPosition
    organization_id: str
    id: UUID
    event: str
    at: datetime
    group_definition_id: UUID
    occurrence_id: str | None
    enrollment_id: str | None
    patient_id: str | None
    correlation_id: str
    actor_id: str


async def read_tail(engine: AsyncEngine, after: EventPosition) -> list[RecordedChange]:
    """Return the next changes of all organizations after a position, at most `PAGE`, in order."""
    async with reading_all(engine, Role.BACKGROUND) as connection:
        query = select(*_COLUMNS).where(is_after(connection, after), is_settled(connection))
        return [_change(row) for row in await connection.execute(query.order_by(*EVENT_ORDER).limit(PAGE))]


async def find_end(engine: AsyncEngine) -> tuple[EventPosition, UUID | None]:
    """Return the position and the id of the last change of all organizations. Later changes come after it."""
    async with reading_all(engine, Role.BACKGROUND) as connection:
        query = select(*EVENT_ORDER, outbox.c.id).where(is_settled(connection)).order_by(*_NEWEST_FIRST).limit(1)
        row = (await connection.execute(query)).one_or_none()
        return (BEFORE_ALL, None) if row is None else (EventPosition(row.transaction_id, row.sequence), row.id)


async def find_again(engine: AsyncEngine, event_id: UUID) -> EventPosition | None:
    """Return the position of an event of any organization; None if it is unknown."""
    async with reading_all(engine, Role.BACKGROUND) as connection:
        return await find_position(connection, event_id)


async def read_changes(snapshot: Snapshot, after: EventPosition) -> list[RecordedChange]:
    """Return the organization's next changes after a position, at most `PAGE`, in order. Raise DBAPIError."""
    position = {"transaction_id": after.transaction_id, "after_sequence": after.sequence}
    return [_change(row) for row in await snapshot.fetch(_CHANGES, position)]


async def find_change(snapshot: Snapshot, event_id: UUID) -> EventPosition | None:
    """Return the position of an event; None if it is unknown or of another organization. Raise DBAPIError."""
    rows = await snapshot.fetch(_POSITION_OF_EVENT, {"id": event_id})
    return EventPosition(*rows[0]) if rows else None


async def find_last_change(snapshot: Snapshot) -> EventPosition:
    """Return the position of the organization's last change. Raise DBAPIError."""
    rows = await snapshot.fetch(_LAST_POSITION, {})
    return EventPosition(*rows[0]) if rows else BEFORE_ALL


def _change(row: Sequence[Any]) -> RecordedChange:
    transaction_id, sequence, organization_id, event_id, event, at, group_definition_id, envelope = row
    payload, metadata = envelope.get("payload", {}), envelope.get("metadata", {})
    return RecordedChange(
        EventPosition(transaction_id, sequence),
        organization_id,
        event_id,
        event,
        at,
        group_definition_id,
        payload.get("schedule_id"),
        payload.get("enrollment_id"),
        payload.get("patient_id"),
        metadata.get("correlation_id", ""),
        metadata.get("user_id", ""),
    )


def _of_organization(*columns: ColumnElement[Any], settled: bool) -> Select[Any]:
    query = select(*columns).where(of_organization(outbox))
    return query.where(outbox.c.transaction_id < OLDEST_RUNNING) if settled else query


def _after(*, settled: bool) -> Select[Any]:
    transaction_id = bindparam("transaction_id", type_=BigInteger)
    sequence = bindparam("after_sequence", type_=BigInteger)
    if settled:
        is_later: ColumnElement[bool] = tuple_(*EVENT_ORDER) > tuple_(transaction_id, sequence)
    else:
        is_later = and_(outbox.c.transaction_id == 0, outbox.c.sequence > sequence)
    return _of_organization(*_COLUMNS, settled=settled).where(is_later).order_by(*EVENT_ORDER).limit(PAGE)


def _last(*, settled: bool) -> Select[Any]:
    return _of_organization(*EVENT_ORDER, settled=settled).order_by(*_NEWEST_FIRST).limit(1)


_CHANGES: Final = Statement(_after(settled=True), sqlite=_after(settled=False))
_LAST_POSITION: Final = Statement(_last(settled=True), sqlite=_last(settled=False))
_POSITION_OF_EVENT: Final = Statement(select(*EVENT_ORDER).where(of_organization(outbox), equals(outbox.c.id)))

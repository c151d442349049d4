"""Reading sessions."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from db.pages import Order, Slice, Window, among, count, counts, read_page, read_pages
from db.rows import occurrence_record
from db.tables import occurrences
from db.unit_of_work import Snapshot
from domain.records import Occurrence, OccurrenceStatus
from domain.selections import SessionsWanted

_columns = occurrences.c


def _keys(session: Occurrence) -> tuple[Any, ...]:
    return session.session_date, session.start_time, session.id


SESSION_ORDER: Order[Occurrence] = Order(
    "occurrences",
    occurrences,
    (_columns.session_date, _columns.start_time, _columns.id),
    (date, time, UUID),
    _keys,
    occurrence_record,
)
"""The order of every list of sessions: local date, local time, id."""


async def find_sessions(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, Occurrence]:
    """Gives those of the sessions that the organization has."""
    rows = await snapshot.connection.execute(
        select(occurrences).where(
            _columns.organization_id == snapshot.organization_id, among(snapshot, _columns.id, ids)
        )
    )
    return {row.id: occurrence_record(row) for row in rows}


async def page_of_sessions(snapshot: Snapshot, wanted: SessionsWanted, window: Window) -> Slice[Occurrence]:
    """Gives a page of the organization's calendar."""
    return await read_page(snapshot, SESSION_ORDER, _conditions(wanted), window)


async def count_sessions(snapshot: Snapshot, wanted: SessionsWanted) -> int:
    """Gives how many sessions the list has."""
    return await count(snapshot, occurrences, _conditions(wanted))


async def pages_of_group_sessions(
    snapshot: Snapshot, group_ids: Sequence[UUID], wanted: SessionsWanted, window: Window
) -> list[Slice[Occurrence]]:
    """Gives the same page of many groups' sessions, by one statement."""
    parent = _columns.group_definition_id
    return await read_pages(snapshot, SESSION_ORDER, parent, group_ids, _conditions(wanted), window)


async def count_group_sessions(snapshot: Snapshot, group_ids: Sequence[UUID], wanted: SessionsWanted) -> list[int]:
    """Gives how many sessions each group's list has, by one statement."""
    return await counts(snapshot, occurrences, _columns.group_definition_id, group_ids, _conditions(wanted))


async def sessions_by_date(
    snapshot: Snapshot, group_ids: Sequence[UUID], first: date, last: date
) -> dict[UUID, list[Occurrence]]:
    """Gives each group's sessions on local dates in a window, but the cancelled, by one statement."""
    rows = await snapshot.connection.execute(
        select(occurrences)
        .where(
            _columns.organization_id == snapshot.organization_id,
            among(snapshot, _columns.group_definition_id, group_ids),
            _columns.status != OccurrenceStatus.CANCELLED.value,
            _columns.session_date.between(first, last),
        )
        .order_by(*SESSION_ORDER.columns)
    )
    found: dict[UUID, list[Occurrence]] = {}
    for row in rows:
        found.setdefault(row.group_definition_id, []).append(occurrence_record(row))
    return found


def _conditions(wanted: SessionsWanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_date is not None:
        conditions.append(_columns.session_date >= wanted.from_date)
    if wanted.through_date is not None:
        conditions.append(_columns.session_date <= wanted.through_date)
    if wanted.statuses is not None:
        conditions.append(_columns.status.in_(sorted(wanted.statuses)))
    if wanted.facilitator_id is not None:
        conditions.append(
            or_(
                _columns.facilitator_id == wanted.facilitator_id,
                _columns.co_facilitator_id == wanted.facilitator_id,
            )
        )
    if wanted.location_id is not None:
        conditions.append(_columns.location_id == wanted.location_id)
    return conditions

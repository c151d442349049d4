"""Reading sessions."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, false, select

from db.queries.pages import Slice, by_id, count, count_of_one, counts, find, page_of_one, read_page, read_pages
from db.sql.lookups import Lookup
from db.sql.page_statements import Condition, Order, Window
from db.sql.rows import OCCURRENCE_COLUMNS, OCCURRENCES, occurrence_record
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.tables import occurrences
from db.transactions.snapshots import Snapshot
from domain.records import Occurrence, OccurrenceStatus
from domain.selections import Fields, SessionsWanted

_columns = occurrences.c


def _keys(session: Occurrence) -> tuple[Any, ...]:
    return session.session_date, session.start_time, session.id


_from_date = bindparam("from_date", type_=_columns.session_date.type)
_through_date = bindparam("through_date", type_=_columns.session_date.type)
_led_by = bindparam("facilitator_id", type_=_columns.facilitator_id.type)
_status, _other_status = (bindparam(name, type_=_columns.status.type) for name in ("status", "other_status"))
_FILTERS: dict[str, Condition] = {
    "from_date": _columns.session_date >= _from_date,
    "through_date": _columns.session_date <= _through_date,
    "nothing": false(),
    "status": _columns.status == _status,
    "two_statuses": (_columns.status == _status, _columns.status == _other_status),
    "facilitator_id": (
        _columns.facilitator_id == _led_by,
        and_(_columns.co_facilitator_id == _led_by, _columns.facilitator_id != _led_by),
    ),
    "location_id": _columns.location_id == bindparam("location_id", type_=_columns.location_id.type),
}

SESSION_ORDER: Order[Occurrence] = Order(
    "occurrences",
    occurrences,
    OCCURRENCES,
    (_columns.session_date, _columns.start_time, _columns.id),
    (date, time, UUID),
    _keys,
    _FILTERS,
)
"""The order of every list of sessions: local date, local time, id."""

SESSION_BY_ID: Lookup[Occurrence | None] = by_id(SESSION_ORDER)
"""Finds a session."""

_BY_DATE = Statement(
    select(*OCCURRENCE_COLUMNS)
    .where(
        of_organization(occurrences),
        AnyOf(_columns.group_definition_id, "group_ids"),
        _columns.status != constant(OccurrenceStatus.CANCELLED),
        _columns.session_date.between(_from_date, _through_date),
    )
    .order_by(*SESSION_ORDER.columns)
)


async def find_sessions(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, Occurrence]:
    """Return those of the sessions that the organization has."""
    return await find(snapshot, SESSION_ORDER, ids)


async def page_of_sessions(snapshot: Snapshot, wanted: SessionsWanted, window: Window) -> Slice[Occurrence]:
    """Return a page of the organization's calendar."""
    return await read_page(snapshot, SESSION_ORDER, _filters(wanted), window)


async def count_sessions(snapshot: Snapshot, wanted: SessionsWanted) -> int:
    """Return how many sessions the list has."""
    return await count(snapshot, SESSION_ORDER, _filters(wanted))


async def pages_of_group_sessions(
    snapshot: Snapshot, group_ids: Sequence[UUID], wanted: SessionsWanted, window: Window, fields: Fields | None = None
) -> list[Slice[Occurrence]]:
    """Return the same page of many groups' sessions, or some fields of them, by one statement."""
    parent = _columns.group_definition_id
    return await read_pages(snapshot, SESSION_ORDER, parent, group_ids, _filters(wanted), window, fields)


def page_of_group_sessions(
    wanted: SessionsWanted, window: Window, fields: Fields | None = None
) -> Lookup[Slice[Occurrence]]:
    """Return what finds a page of one group's sessions, or some fields of them."""
    return page_of_one(SESSION_ORDER, _columns.group_definition_id, _filters(wanted), window, fields)


def count_of_group_sessions(wanted: SessionsWanted) -> Lookup[int]:
    """Return what finds how many sessions one group's list has."""
    return count_of_one(SESSION_ORDER, _columns.group_definition_id, _filters(wanted))


async def count_group_sessions(snapshot: Snapshot, group_ids: Sequence[UUID], wanted: SessionsWanted) -> list[int]:
    """Return how many sessions each group's list has, by one statement."""
    return await counts(snapshot, SESSION_ORDER, _columns.group_definition_id, group_ids, _filters(wanted))


async def sessions_by_date(
    snapshot: Snapshot, group_ids: Sequence[UUID], first: date, last: date
) -> dict[UUID, list[Occurrence]]:
    """Return each group's sessions on local dates in a window, but the cancelled, by one statement."""
    rows = await snapshot.fetch(_BY_DATE, {"group_ids": group_ids, "from_date": first, "through_date": last})
    found: dict[UUID, list[Occurrence]] = {}
    for session in map(occurrence_record, rows):
        found.setdefault(session.group_definition_id, []).append(session)
    return found


def _filters(wanted: SessionsWanted) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if wanted.from_date is not None:
        filters["from_date"] = wanted.from_date
    if wanted.through_date is not None:
        filters["through_date"] = wanted.through_date
    filters |= _status_filters(wanted.statuses)
    if wanted.facilitator_id is not None:
        filters["facilitator_id"] = wanted.facilitator_id
    if wanted.location_id is not None:
        filters["location_id"] = wanted.location_id
    return filters


def _status_filters(statuses: frozenset[OccurrenceStatus] | None) -> dict[str, Any]:
    if statuses is None or statuses == frozenset(OccurrenceStatus):
        return {}
    match sorted(statuses):
        case [status]:
            return {"status": status}
        case [status, other]:
            return {"two_statuses": {"status": status, "other_status": other}}
    return {"nothing": None}

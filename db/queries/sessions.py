"""Lists of sessions."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, not_, select

from db.queries.pages import ListFilter
from db.queries.relations import Relation
from db.sql.listings import Condition, Conditions, EachOf, Listing, Window
from db.sql.page_statements import page_parameters, select_page, shape_of
from db.sql.record_statements import select_by_ids
from db.sql.rows import OCCURRENCES
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.sql.unions import numbered_union
from db.tables import occurrences
from db.transactions.snapshots import Snapshot
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Occurrence, OccurrenceStatus
from domain.weeks import DatedSession

_columns = occurrences.c


class SessionOrder(StrEnum):
    """An order of sessions. Sessions that compare equal are ordered by their ids."""

    STARTS_AT_ASC = "STARTS_AT_ASC"
    STARTS_AT_DESC = "STARTS_AT_DESC"
    UPDATED_AT_ASC = "UPDATED_AT_ASC"


@dataclass(frozen=True, slots=True)
class SessionFilter(ListFilter):
    """Narrows a list of sessions. None narrows nothing.

    Attributes:
        from_date: The first local date.
        through_date: The last local date.
        statuses: The statuses.
        facilitator_id: The member of staff who leads or co-leads the session.
        location_id: The location.
        group_id: The group.
        days: The local dates, besides the first and the last.
        facilitator_ids: Members of staff of whom one leads or co-leads the session.
        location_ids: The locations.
        updated_since: The earliest instant of the last change.
    """

    from_date: date | None = None
    through_date: date | None = None
    statuses: frozenset[OccurrenceStatus] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None
    group_id: UUID | None = None
    days: tuple[date, ...] | None = None
    facilitator_ids: frozenset[str] | None = None
    location_ids: frozenset[str] | None = None
    updated_since: datetime | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        values = {
            "from_date": self.from_date,
            "through_date": self.through_date,
            **_status_conditions(self.statuses),
            "facilitator_id": self.facilitator_id,
            "location_id": self.location_id,
            "group_definition_id": self.group_id,
            "days": self.days,
            "updated_since": self.updated_since,
            **_conditions_on_lists({"facilitator_ids": self.facilitator_ids, "location_ids": self.location_ids}),
        }
        return {name: value for name, value in values.items() if value is not None}


def _status_conditions(statuses: frozenset[OccurrenceStatus] | None) -> Conditions:
    if statuses is None or statuses == frozenset(OccurrenceStatus):
        return {}
    match sorted(statuses):
        case [status]:
            return {"status": status}
        case [status, other]:
            return {"two_statuses": {"status": status, "other_status": other}}
    return {"nothing": {}}


def _conditions_on_lists(lists: Mapping[str, frozenset[str] | None]) -> Conditions:
    if any(values is not None and not values for values in lists.values()):
        return {"nothing": {}}
    return {name: sorted(values) for name, values in lists.items() if values is not None}


_from_date = bindparam("from_date", type_=_columns.session_date.type)
_through_date = bindparam("through_date", type_=_columns.session_date.type)
_facilitator = bindparam("facilitator_id", type_=_columns.facilitator_id.type)
_status, _other_status = (bindparam(name, type_=_columns.status.type) for name in ("status", "other_status"))
_CONDITIONS: Final[dict[str, Condition]] = {
    "from_date": _columns.session_date >= _from_date,
    "through_date": _columns.session_date <= _through_date,
    "nothing": false(),
    "status": _columns.status == _status,
    "two_statuses": (_columns.status == _status, _columns.status == _other_status),
    "facilitator_id": (
        _columns.facilitator_id == _facilitator,
        and_(_columns.co_facilitator_id == _facilitator, _columns.facilitator_id != _facilitator),
    ),
    "location_id": equals(_columns.location_id),
    "group_definition_id": equals(_columns.group_definition_id),
    "days": AnyOf(_columns.session_date, "days"),
    "facilitator_ids": (
        EachOf(_columns.facilitator_id, "facilitator_ids"),
        EachOf(_columns.co_facilitator_id, "facilitator_ids", not_(AnyOf(_columns.facilitator_id, "facilitator_ids"))),
    ),
    "location_ids": EachOf(_columns.location_id, "location_ids"),
    "updated_since": _columns.updated_at >= bindparam("updated_since", type_=_columns.updated_at.type),
}


def _listing(order: SessionOrder) -> Listing[Occurrence]:
    columns: tuple[ColumnElement[Any], ...] = (_columns.session_date, _columns.start_time, _columns.id)
    types: tuple[type, ...] = (date, time, UUID)
    if order is SessionOrder.UPDATED_AT_ASC:
        columns, types = (_columns.updated_at, _columns.id), (datetime, UUID)
    return Listing(
        # Cursors of earlier releases have the name without an order.
        "occurrences" if order is SessionOrder.STARTS_AT_ASC else f"occurrences:{order}",
        occurrences,
        OCCURRENCES,
        columns,
        types,
        tuple(str(column.key) for column in columns),
        None,
        _CONDITIONS,
        descending=order is SessionOrder.STARTS_AT_DESC,
    )


SESSIONS_BY: Final[Mapping[SessionOrder, Listing[Occurrence]]] = {order: _listing(order) for order in SessionOrder}
"""The list of sessions in each order. Sessions start in the order of their local dates and times."""
SESSIONS: Final = SESSIONS_BY[SessionOrder.STARTS_AT_ASC]
SESSIONS_OF_GROUP_BY: Final[Mapping[SessionOrder, Relation[Occurrence]]] = {
    order: Relation(listing, _columns.group_definition_id) for order, listing in SESSIONS_BY.items()
}
"""The list of a group's sessions in each order."""
SESSIONS_OF_GROUP: Final = SESSIONS_OF_GROUP_BY[SessionOrder.STARTS_AT_ASC]


async def find_sessions(work: UnitOfWork, ids: Sequence[UUID]) -> list[Occurrence]:
    """Return those of the sessions that the organization has, by date and time."""
    rows = await work.fetch(select_by_ids(SESSIONS), {"ids": ids})
    sessions = map(OCCURRENCES.make_record, rows)
    return sorted(sessions, key=lambda session: (session.session_date, session.start_time, session.id))


async def select_sessions(work: UnitOfWork, session_filter: SessionFilter, limit: int) -> list[Occurrence]:
    """Return the sessions that match a filter, by date and time; one more than the limit if there are more."""
    conditions, window = session_filter.conditions(), Window(limit)
    statement = select_page(SESSIONS, shape_of(conditions, window))
    return list(map(OCCURRENCES.make_record, await work.fetch(statement, page_parameters(conditions, window))))


_TIMES: Final = tuple(_columns[name] for name in DatedSession._fields)
_LIVE_TIMES: Final = Statement(
    select(_columns.group_definition_id, _columns.id, *_TIMES).where(
        of_organization(occurrences),
        AnyOf(_columns.group_definition_id, "group_ids"),
        AnyOf(_columns.session_date, "days"),
        _columns.status != constant(OccurrenceStatus.CANCELLED),
    )
)


async def live_times(
    work: UnitOfWork, group_ids: Sequence[UUID], days: Sequence[date]
) -> dict[UUID, dict[UUID, DatedSession]]:
    """Return when the groups' sessions on some days are that are not cancelled, by group and session."""
    times: dict[UUID, dict[UUID, DatedSession]] = {}
    for group_id, session_id, *session in await work.fetch(_LIVE_TIMES, {"group_ids": group_ids, "days": days}):
        times.setdefault(group_id, {})[session_id] = DatedSession(*session)
    return times


_TIMES_OF_WINDOW: Final = Statement(
    select(_columns.group_definition_id, *_TIMES).where(
        of_organization(occurrences),
        AnyOf(_columns.group_definition_id, "group_ids"),
        _columns.status != constant(OccurrenceStatus.CANCELLED),
        _columns.session_date.between(_from_date, _through_date),
    )
)
# The time zones of a group and of its sessions may differ, by up to 26 hours.
_AROUND: Final = timedelta(days=2)
_ROWS_PER_ITERATION: Final = 2_000
"""How many sessions to read in one iteration of the event loop."""


@dataclass(frozen=True, slots=True)
class GroupWeeks:
    """Consecutive weeks of a group: the group's id, the first day of the first week, and how many weeks."""

    group_id: UUID
    first_day: date
    count: int = 1


async def session_times(snapshot: Snapshot, weeks: Sequence[GroupWeeks]) -> dict[GroupWeeks, list[DatedSession]]:
    """Return when each session is that is not cancelled, by the groups' weeks, by one statement.

    Sessions of the two days before and after the weeks are included. Weeks without sessions are left out.
    """
    group_ids: dict[tuple[date, int], list[UUID]] = {}
    for period in weeks:
        group_ids.setdefault((period.first_day, period.count), []).append(period.group_id)
    parameters = [
        {
            "group_ids": ids,
            "from_date": first_day - _AROUND,
            "through_date": first_day + timedelta(weeks=count, days=-1) + _AROUND,
        }
        for (first_day, count), ids in group_ids.items()
    ]
    periods, union = list(group_ids), numbered_union([_TIMES_OF_WINDOW] * len(group_ids), parameters)
    times: dict[tuple[int, UUID], list[DatedSession]] = {}
    rows = await snapshot.fetch(*union)
    for start in range(0, len(rows), _ROWS_PER_ITERATION):
        if start:
            await asyncio.sleep(0)  # let other requests run
        for number, group_id, *session in rows[start : start + _ROWS_PER_ITERATION]:
            times.setdefault((number, group_id), []).append(DatedSession(*session))
    return {GroupWeeks(group_id, *periods[number]): sessions for (number, group_id), sessions in times.items()}

"""Reading groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, case, func, or_, select

from db.queries.pages import Slice, by_id, count, find, read_page
from db.sql.lookups import Lookup
from db.sql.page_statements import Order, Window
from db.sql.rows import GROUPS
from db.sql.search import word_conditions, word_filters
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.tables import enrollments, group_definitions
from db.transactions.snapshots import Snapshot
from domain.records import CapacityStatus, EnrollmentStatus, GroupDefinition
from domain.search_text import search_text
from domain.selections import GroupOrder, GroupsWanted

_columns = group_definitions.c
_ENROLLED = constant(EnrollmentStatus.ENROLLED)
_WAITLISTED = constant(EnrollmentStatus.WAITLISTED)


def _by_name(group: GroupDefinition) -> tuple[Any, ...]:
    return search_text(group.name), group.id


def _by_creation(group: GroupDefinition) -> tuple[Any, ...]:
    return group.created_at, group.id


def _seats_stand() -> ColumnElement[str]:
    enrolled = (
        select(func.count())
        .where(
            enrollments.c.organization_id == _columns.organization_id,
            enrollments.c.group_definition_id == _columns.id,
            enrollments.c.status == _ENROLLED,
            enrollments.c.deleted_at.is_(None),
        )
        .correlate(group_definitions)
        .scalar_subquery()
    )
    return case(
        (enrolled < _columns.max_capacity, constant(CapacityStatus.OPEN)),
        (enrolled == _columns.max_capacity, constant(CapacityStatus.FULL)),
        else_=constant(CapacityStatus.OVER_CAPACITY),
    )


_led_by = bindparam("facilitator_id", type_=_columns.facilitator_id.type)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "living": _columns.deleted_at.is_(None),
    **word_conditions(_columns.search_text),
    "group_types": AnyOf(_columns.group_type, "group_types"),
    "facilitator_id": or_(_columns.facilitator_id == _led_by, _columns.co_facilitator_id == _led_by),
    "location_id": _columns.location_id == bindparam("location_id", type_=_columns.location_id.type),
    "capacity_statuses": AnyOf(_seats_stand(), "capacity_statuses"),
}


def _order(order: GroupOrder) -> Order[GroupDefinition]:
    by_name = order in {GroupOrder.NAME_ASC, GroupOrder.NAME_DESC}
    columns: tuple[ColumnElement[Any], ...] = (
        _columns.search_text if by_name else _columns.created_at,
        _columns.id,
    )
    return Order(
        f"groups:{order}",
        group_definitions,
        GROUPS,
        columns,
        (str if by_name else datetime, UUID),
        _by_name if by_name else _by_creation,
        _FILTERS,
        descending=order in {GroupOrder.NAME_DESC, GroupOrder.CREATED_AT_DESC},
    )


GROUP_ORDERS = {order: _order(order) for order in GroupOrder}
"""Each order of groups."""


@dataclass(frozen=True, slots=True)
class Seats:
    """How many of a group's patients are seated and how many wait."""

    enrolled: int = 0
    waitlisted: int = 0


def _seats(of_groups: ColumnElement[bool]) -> Statement:
    return Statement(
        select(
            enrollments.c.group_definition_id,
            func.count().filter(enrollments.c.status == _ENROLLED),
            func.count().filter(enrollments.c.status == _WAITLISTED),
        )
        .where(
            of_organization(enrollments),
            of_groups,
            # As the partial index of active enrollments has it.
            enrollments.c.status != constant(EnrollmentStatus.DISENROLLED),
            enrollments.c.deleted_at.is_(None),
        )
        .group_by(enrollments.c.group_definition_id)
    )


_SEATS = _seats(AnyOf(enrollments.c.group_definition_id, "group_ids"))
# For one of a list PostgreSQL would make its plan anew each time.
_SEATS_OF_ONE = _seats(enrollments.c.group_definition_id == bindparam("group_id", type_=_columns.id.type))

GROUP_BY_ID: Lookup[GroupDefinition | None] = by_id(GROUP_ORDERS[GroupOrder.NAME_ASC])
"""Finds a group, the deleted too."""

SEATS_OF_GROUP: Lookup[Seats | None] = Lookup(
    _SEATS_OF_ONE, "group_id", {}, lambda rows: Seats(rows[0][1], rows[0][2]) if rows else None, of_one_row=True
)
"""Finds a group's seats; None where it has no active enrollments."""


async def find_groups(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, GroupDefinition]:
    """Return those of the groups that the organization has, the deleted too."""
    return await find(snapshot, GROUP_ORDERS[GroupOrder.NAME_ASC], ids)


async def page_of_groups(
    snapshot: Snapshot, wanted: GroupsWanted, order: GroupOrder, window: Window
) -> Slice[GroupDefinition]:
    """Return a page of the organization's groups."""
    return await read_page(snapshot, GROUP_ORDERS[order], _filters(wanted), window)


async def count_groups(snapshot: Snapshot, wanted: GroupsWanted) -> int:
    """Return how many groups the list has."""
    return await count(snapshot, GROUP_ORDERS[GroupOrder.NAME_ASC], _filters(wanted))


async def count_seats(snapshot: Snapshot, group_ids: Sequence[UUID]) -> dict[UUID, Seats]:
    """Return the seats of many groups, by one statement; groups without active enrollments are left out."""
    if len(group_ids) == 1:
        seats = await snapshot.find(SEATS_OF_GROUP, group_ids[0])
        return {} if seats is None else {group_ids[0]: seats}
    return {row[0]: Seats(row[1], row[2]) for row in await snapshot.fetch(_SEATS, {"group_ids": group_ids})}


def _filters(wanted: GroupsWanted) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if not wanted.include_deleted:
        filters["living"] = None
    filters |= word_filters(wanted.search)
    if wanted.group_types is not None:
        filters["group_types"] = sorted(wanted.group_types)
    if wanted.facilitator_id is not None:
        filters["facilitator_id"] = wanted.facilitator_id
    if wanted.location_id is not None:
        filters["location_id"] = wanted.location_id
    if wanted.capacity_statuses is not None:
        filters["capacity_statuses"] = sorted(wanted.capacity_statuses)
    return filters

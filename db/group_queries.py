"""Reading groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select

from db.pages import Order, Slice, Window, among, count, read_page
from db.rows import group_record
from db.search import holds
from db.tables import enrollments, group_definitions
from db.unit_of_work import Snapshot
from domain.records import CapacityStatus, EnrollmentStatus, GroupDefinition
from domain.selections import GroupOrder, GroupsWanted

_columns = group_definitions.c


def _by_name(group: GroupDefinition) -> tuple[Any, ...]:
    return group.name, group.id


def _by_creation(group: GroupDefinition) -> tuple[Any, ...]:
    return group.created_at, group.id


def _order(order: GroupOrder) -> Order[GroupDefinition]:
    descending = order in {GroupOrder.NAME_DESC, GroupOrder.CREATED_AT_DESC}
    if order in {GroupOrder.NAME_ASC, GroupOrder.NAME_DESC}:
        columns: tuple[ColumnElement[Any], ...] = (_columns.name, _columns.id)
        return Order(
            f"groups:{order}", group_definitions, columns, (str, UUID), _by_name, group_record, descending=descending
        )
    columns = (_columns.created_at, _columns.id)
    types = (datetime, UUID)
    return Order(
        f"groups:{order}", group_definitions, columns, types, _by_creation, group_record, descending=descending
    )


GROUP_ORDERS = {order: _order(order) for order in GroupOrder}
"""Each order of groups."""


@dataclass(frozen=True, slots=True)
class Seats:
    """How many of a group's patients are seated and how many wait."""

    enrolled: int = 0
    waitlisted: int = 0


async def find_groups(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, GroupDefinition]:
    """Gives those of the groups that the organization has, the deleted too."""
    rows = await snapshot.connection.execute(
        select(group_definitions).where(
            _columns.organization_id == snapshot.organization_id, among(snapshot, _columns.id, ids)
        )
    )
    return {row.id: group_record(row) for row in rows}


async def page_of_groups(
    snapshot: Snapshot, wanted: GroupsWanted, order: GroupOrder, window: Window
) -> Slice[GroupDefinition]:
    """Gives a page of the organization's groups."""
    return await read_page(snapshot, GROUP_ORDERS[order], _conditions(wanted), window)


async def count_groups(snapshot: Snapshot, wanted: GroupsWanted) -> int:
    """Gives how many groups the list has."""
    return await count(snapshot, group_definitions, _conditions(wanted))


async def count_seats(snapshot: Snapshot, group_ids: Sequence[UUID]) -> dict[UUID, Seats]:
    """Gives the seats of many groups, by one statement; groups without active enrollments are left out."""
    status = enrollments.c.status
    rows = await snapshot.connection.execute(
        select(
            enrollments.c.group_definition_id,
            func.sum(case((status == EnrollmentStatus.ENROLLED.value, 1), else_=0)),
            func.sum(case((status == EnrollmentStatus.WAITLISTED.value, 1), else_=0)),
        )
        .where(
            enrollments.c.organization_id == snapshot.organization_id,
            among(snapshot, enrollments.c.group_definition_id, group_ids),
            # As the partial index of active enrollments has it.
            status != EnrollmentStatus.DISENROLLED.value,
            enrollments.c.deleted_at.is_(None),
        )
        .group_by(enrollments.c.group_definition_id)
    )
    return {row[0]: Seats(row[1], row[2]) for row in rows}


def _conditions(wanted: GroupsWanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if not wanted.include_deleted:
        conditions.append(_columns.deleted_at.is_(None))
    if wanted.search:
        conditions.append(holds(_columns.search_text, wanted.search))
    if wanted.group_types is not None:
        conditions.append(_columns.group_type.in_(sorted(wanted.group_types)))
    if wanted.facilitator_id is not None:
        conditions.append(
            or_(
                _columns.facilitator_id == wanted.facilitator_id,
                _columns.co_facilitator_id == wanted.facilitator_id,
            )
        )
    if wanted.location_id is not None:
        conditions.append(_columns.location_id == wanted.location_id)
    if wanted.capacity_statuses is not None:
        conditions.append(_seats_stand_so(wanted.capacity_statuses))
    return conditions


def _seats_stand_so(statuses: frozenset[CapacityStatus]) -> ColumnElement[bool]:
    enrolled = (
        select(func.count())
        .where(
            enrollments.c.organization_id == _columns.organization_id,
            enrollments.c.group_definition_id == _columns.id,
            enrollments.c.status == EnrollmentStatus.ENROLLED.value,
            enrollments.c.deleted_at.is_(None),
        )
        .correlate(group_definitions)
        .scalar_subquery()
    )
    status = case(
        (enrolled < _columns.max_capacity, CapacityStatus.OPEN.value),
        (enrolled == _columns.max_capacity, CapacityStatus.FULL.value),
        else_=CapacityStatus.OVER_CAPACITY.value,
    )
    return status.in_(sorted(statuses))

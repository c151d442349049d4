"""Lists of groups, and their seats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, or_, select

from db.queries.pages import ListFilter
from db.sql.listings import Conditions, Listing
from db.sql.lookups import Lookup
from db.sql.record_statements import select_by_ids
from db.sql.rows import GROUPS as LAYOUT
from db.sql.search import matches, word_conditions
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.tables import enrollments, group_definitions
from db.transactions.snapshots import Snapshot
from db.transactions.unit_of_work import UnitOfWork
from domain.records import CapacityStatus, EnrollmentStatus, GroupDefinition, GroupType
from domain.search_text import search_text

_columns = group_definitions.c
_ENROLLED: Final = constant(EnrollmentStatus.ENROLLED)
_WAITLISTED: Final = constant(EnrollmentStatus.WAITLISTED)


class GroupOrder(StrEnum):
    """An order of groups. Groups that compare equal are ordered by their ids."""

    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"
    CREATED_AT_ASC = "CREATED_AT_ASC"
    CREATED_AT_DESC = "CREATED_AT_DESC"
    UPDATED_AT_ASC = "UPDATED_AT_ASC"


@dataclass(frozen=True, slots=True)
class GroupFilter(ListFilter):
    """Narrows a list of groups. None narrows nothing.

    Attributes:
        search: Words that the name contains.
        group_types: The types.
        facilitator_id: The member of staff who leads or co-leads the group.
        location_id: The location.
        capacity_statuses: The statuses of the group's seats.
        include_deleted: Whether deleted groups are listed too.
        below_minimum: Whether fewer patients have a seat than the group needs. A group without a minimum needs none.
        updated_since: The earliest instant of the last change of the definition.
    """

    search: str | None = None
    group_types: frozenset[GroupType] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None
    capacity_statuses: frozenset[CapacityStatus] | None = None
    include_deleted: bool = False
    below_minimum: bool | None = None
    updated_since: datetime | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        conditions: dict[str, Any] = {} if self.include_deleted else {"not_deleted": None}
        conditions |= matches(self.search)
        if self.group_types is not None:
            conditions["group_types"] = sorted(self.group_types)
        if self.facilitator_id is not None:
            conditions["facilitator_id"] = self.facilitator_id
        if self.location_id is not None:
            conditions["location_id"] = self.location_id
        if self.capacity_statuses is not None:
            conditions["capacity_statuses"] = sorted(self.capacity_statuses)
        if self.below_minimum is not None:
            conditions["below_minimum" if self.below_minimum else "not_below_minimum"] = {}
        if self.updated_since is not None:
            conditions["updated_since"] = self.updated_since
        return conditions


_ENROLLED_IN_GROUP: Final = (
    select(func.count())
    .where(
        enrollments.c.organization_id == _columns.organization_id,
        enrollments.c.group_definition_id == _columns.id,
        # Exactly the enrolled patients have this place. It is in the index, unlike the status.
        enrollments.c.place == literal_column("0"),
    )
    .correlate(group_definitions)
    .scalar_subquery()
)


def _capacity_status() -> ColumnElement[str]:
    return case(
        (_columns.max_capacity > _ENROLLED_IN_GROUP, constant(CapacityStatus.OPEN)),
        (_columns.max_capacity == _ENROLLED_IN_GROUP, constant(CapacityStatus.FULL)),
        else_=constant(CapacityStatus.OVER_CAPACITY),
    )


_facilitator = bindparam("facilitator_id", type_=_columns.facilitator_id.type)
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "not_deleted": _columns.deleted_at.is_(None),
    **word_conditions(_columns.search_text),
    "group_types": AnyOf(_columns.group_type, "group_types"),
    "facilitator_id": or_(_columns.facilitator_id == _facilitator, _columns.co_facilitator_id == _facilitator),
    "location_id": _columns.location_id == bindparam("location_id", type_=_columns.location_id.type),
    "capacity_statuses": AnyOf(_capacity_status(), "capacity_statuses"),
    # The seats of groups without a minimum are not counted.
    "below_minimum": and_(_columns.min_capacity.is_not(None), _columns.min_capacity > _ENROLLED_IN_GROUP),
    "not_below_minimum": or_(_columns.min_capacity.is_(None), _columns.min_capacity <= _ENROLLED_IN_GROUP),
    "updated_since": _columns.updated_at >= bindparam("updated_since", type_=_columns.updated_at.type),
}


def _keys_by_name(name: str, id: UUID) -> tuple[Any, ...]:
    return search_text(name), id


def _listing(order: GroupOrder) -> Listing[GroupDefinition]:
    column: ColumnElement[Any] = _ORDERED_BY.get(order, _columns.search_text)
    by_name = column is _columns.search_text
    return Listing(
        f"groups:{order}",
        group_definitions,
        LAYOUT,
        (column, _columns.id),
        (str if by_name else datetime, UUID),
        ("name" if by_name else str(column.key), "id"),
        _keys_by_name if by_name else None,
        _CONDITIONS,
        descending=order in {GroupOrder.NAME_DESC, GroupOrder.CREATED_AT_DESC},
    )


_ORDERED_BY: Final[Mapping[GroupOrder, ColumnElement[Any]]] = {
    GroupOrder.CREATED_AT_ASC: _columns.created_at,
    GroupOrder.CREATED_AT_DESC: _columns.created_at,
    GroupOrder.UPDATED_AT_ASC: _columns.updated_at,
}
"""The column of each order that is not by name."""
GROUPS_BY: Final[Mapping[GroupOrder, Listing[GroupDefinition]]] = {order: _listing(order) for order in GroupOrder}
"""The list of groups in each order."""
GROUPS: Final = GROUPS_BY[GroupOrder.NAME_ASC]


@dataclass(frozen=True, slots=True)
class Seats:
    """How many patients of a group have a seat, and how many are on its waitlist."""

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
            # These conditions match the partial index of active enrollments.
            enrollments.c.status != constant(EnrollmentStatus.DISENROLLED),
            enrollments.c.deleted_at.is_(None),
        )
        .group_by(enrollments.c.group_definition_id)
    )


_SEATS: Final = _seats(AnyOf(enrollments.c.group_definition_id, "group_ids"))
# PostgreSQL would plan a list of one id again at each execution.
_SEATS_OF_ONE: Final = _seats(enrollments.c.group_definition_id == bindparam("group_id", type_=_columns.id.type))

SEATS_OF_GROUP: Final[Lookup[Seats | None]] = Lookup(
    _SEATS_OF_ONE, "group_id", {}, lambda rows: Seats(rows[0][1], rows[0][2]) if rows else None, of_one_row=True
)
"""The lookup of a group's seats. Its value is None if the group has no active enrollments."""


async def count_seats(snapshot: Snapshot, group_ids: Sequence[UUID]) -> dict[UUID, Seats]:
    """Return the seats of many groups, by one statement. Groups without active enrollments are left out."""
    if len(group_ids) == 1:
        seats = await snapshot.find(SEATS_OF_GROUP, group_ids[0])
        return {} if seats is None else {group_ids[0]: seats}
    return {row[0]: Seats(row[1], row[2]) for row in await snapshot.fetch(_SEATS, {"group_ids": group_ids})}


async def count_enrolled(work: UnitOfWork, group_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the number of patients with a seat in each group. Groups without active enrollments are left out."""
    return {row[0]: row[1] for row in await work.fetch(_SEATS, {"group_ids": group_ids})}


async def find_groups(work: UnitOfWork, ids: Sequence[UUID]) -> list[GroupDefinition]:
    """Return those of the groups that the organization has."""
    return list(map(LAYOUT.make_record, await work.fetch(select_by_ids(GROUPS), {"ids": ids})))

"""Lists of groups, and their seats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, or_, select

from db.queries.pages import ListFilter
from db.sql.listings import Conditions, Listing
from db.sql.lookups import Lookup
from db.sql.page_statements import select_by_ids
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
    """

    search: str | None = None
    group_types: frozenset[GroupType] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None
    capacity_statuses: frozenset[CapacityStatus] | None = None
    include_deleted: bool = False

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
        return conditions


def _capacity_status() -> ColumnElement[str]:
    enrolled = (
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
    return case(
        (enrolled < _columns.max_capacity, constant(CapacityStatus.OPEN)),
        (enrolled == _columns.max_capacity, constant(CapacityStatus.FULL)),
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
}


def _keys_by_name(name: str, id: UUID) -> tuple[Any, ...]:
    return search_text(name), id


def _keys_by_creation(created_at: datetime, id: UUID) -> tuple[Any, ...]:
    return created_at, id


def _listing(order: GroupOrder) -> Listing[GroupDefinition]:
    by_name = order in {GroupOrder.NAME_ASC, GroupOrder.NAME_DESC}
    columns: tuple[ColumnElement[Any], ...] = (_columns.search_text if by_name else _columns.created_at, _columns.id)
    return Listing(
        f"groups:{order}",
        group_definitions,
        LAYOUT,
        columns,
        (str if by_name else datetime, UUID),
        ("name" if by_name else "created_at", "id"),
        _keys_by_name if by_name else _keys_by_creation,
        _CONDITIONS,
        descending=order in {GroupOrder.NAME_DESC, GroupOrder.CREATED_AT_DESC},
    )


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

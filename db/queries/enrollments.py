"""Lists of enrollments. Removed enrollments are only in lists that ask for them, but can be read by id."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    exists,
    false,
    not_,
    select,
)

from db.queries.pages import ListFilter
from db.queries.references import PATIENTS
from db.queries.relations import Relation
from db.sql.listings import IDS, Condition, Conditions, Listing, Reference
from db.sql.rows import ENROLLMENTS as LAYOUT
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.tables import enrollments, patients
from db.transactions.snapshots import Snapshot
from domain.records import Enrollment, EnrollmentStatus

_columns = enrollments.c
_PAST_PLACE: Final = 1_000_000
_ENROLLED: Final = EnrollmentStatus.ENROLLED.value
"""The value of the column `place` for patients who have left."""
_PLACES: Final = {
    EnrollmentStatus.ENROLLED: (0, 0),
    EnrollmentStatus.WAITLISTED: (1, _PAST_PLACE - 1),
    EnrollmentStatus.DISENROLLED: (_PAST_PLACE, _PAST_PLACE),
}
"""The least and the greatest place of each status."""
_MAX_LOOKED_UP: Final = 3_000
"""If more enrollments match a condition, matches are so frequent that the list is read in its order."""


class EnrollmentOrder(StrEnum):
    """An order of the organization's enrollments. Enrollments that compare equal are ordered by their ids."""

    GROUP_AND_PLACE = "GROUP_AND_PLACE"
    CREATED_AT_ASC = "CREATED_AT_ASC"
    CREATED_AT_DESC = "CREATED_AT_DESC"
    UPDATED_AT_ASC = "UPDATED_AT_ASC"


@dataclass(frozen=True, slots=True)
class EnrollmentFilter(ListFilter):
    """Narrows a group's or a patient's enrollments to some statuses; None for all."""

    statuses: frozenset[EnrollmentStatus] | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        return {} if self.statuses is None else {"statuses": sorted(self.statuses)}


@dataclass(frozen=True, slots=True)
class EnrollmentListFilter(ListFilter):
    """Narrows the organization's enrollments. None narrows nothing.

    Attributes:
        order: The order of the list. It decides which indexes the conditions use.
        statuses: The statuses.
        group_id: The group.
        patient_id: The patient.
        starting_from: The earliest first day. Enrollments without one do not match.
        starting_through: The latest first day. Enrollments without one do not match.
        ending_from: The earliest last day. Enrollments without one do not match.
        ending_through: The latest last day. Enrollments without one do not match.
        patient_active: Whether the patient is active in the registry.
        include_removed: Whether removed enrollments are listed too.
        updated_since: The earliest instant of the last change.
        is_looked_up: Whether the ids of the enrollments that may match are known.
    """

    order: EnrollmentOrder = EnrollmentOrder.GROUP_AND_PLACE
    statuses: frozenset[EnrollmentStatus] | None = None
    group_id: UUID | None = None
    patient_id: str | None = None
    starting_from: date | None = None
    starting_through: date | None = None
    ending_from: date | None = None
    ending_through: date | None = None
    patient_active: bool | None = None
    include_removed: bool = False
    updated_since: datetime | None = None
    is_looked_up: bool = False

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        values = {
            "group_definition_id": self.group_id,
            "patient_id": self.patient_id,
            "starting_from": self.starting_from,
            "starting_through": self.starting_through,
            "ending_from": self.ending_from,
            "ending_through": self.ending_through,
            "updated_since": self.updated_since,
        }
        conditions: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        conditions |= self._status_conditions()
        if self.patient_active is not None:
            conditions["patient_active" if self.patient_active else "patient_inactive"] = {}
        return conditions if self.include_removed else {**conditions, "not_removed": {}}

    async def look_up_conditions(self, snapshot: Snapshot) -> Conditions:
        """Return the conditions. If few enrollments match one that no order has an index for, they are looked up."""
        if not self._is_short:
            for others, statement, parameters in self._lookups():
                rows = await snapshot.fetch(statement, {**parameters, "rows": _MAX_LOOKED_UP + 1})
                if len(rows) <= _MAX_LOOKED_UP:
                    return {**others.conditions(), IDS: [row[0] for row in rows]}
        return self.conditions()

    @property
    def _is_short(self) -> bool:
        """Whether the list is short, so that it is read by the group, the patient or the ids, and sorted."""
        return self.group_id is not None or self.patient_id is not None or self.is_looked_up

    def _lookups(self) -> Iterator[tuple["EnrollmentListFilter", Statement, dict[str, Any]]]:
        """Yield statements that select the ids of those who match a condition, with the filter that is left then."""
        statuses = EnrollmentStatus if self.statuses is None else self.statuses
        if self.starting_from is not None or self.starting_through is not None:
            first, last = self.starting_from or date.min, self.starting_through or date.max
            days = {"starting_from": first, "starting_through": last}
            yield replace(self, is_looked_up=True, starting_from=None, starting_through=None), _STARTING, days
        if self.ending_from is not None or self.ending_through is not None:
            days = {"ending_from": self.ending_from or date.min, "ending_through": self.ending_through or date.max}
            yield replace(self, is_looked_up=True, ending_from=None, ending_through=None), _ENDING, days
        if self.patient_active is False:
            # The index of a patient's enrollments has the place, so past ones are not read without need.
            places = [place for status in statuses for place in _PLACES[status]]
            bounds = {"least": min(places, default=0), "most": max(places, default=0)}
            yield replace(self, is_looked_up=True, patient_active=None), _OF_INACTIVE, bounds
        if self.updated_since is not None and self.order is not EnrollmentOrder.UPDATED_AT_ASC:
            parameters = {"statuses": sorted(statuses), "updated_since": self.updated_since}
            yield replace(self, is_looked_up=True, updated_since=None), _UPDATED, parameters

    def _status_conditions(self) -> Conditions:
        if self._is_short:
            return EnrollmentFilter(self.statuses).conditions()
        if self.statuses is None and self.order is EnrollmentOrder.GROUP_AND_PLACE:
            return {}
        return {_status_condition(EnrollmentStatus if self.statuses is None else self.statuses): {}}


def _status_condition(statuses: Iterable[EnrollmentStatus]) -> str:
    """Return the name of the condition that an enrollment has one of the statuses."""
    return ",".join(("status", *sorted(statuses)))


def _status_alternatives() -> dict[str, Condition]:
    """Return a condition for each set of statuses. Each status is read by its part of an index."""
    alternatives: dict[str, Condition] = {_status_condition(()): false()}
    for size in range(1, len(EnrollmentStatus) + 1):
        for statuses in combinations(EnrollmentStatus, size):
            name = _status_condition(statuses)
            alternatives[name] = tuple(_columns.status == constant(status) for status in statuses)
    return alternatives


_INACTIVE_PATIENT: Final = exists().where(
    patients.c.organization_id == _columns.organization_id,
    patients.c.id == _columns.patient_id,
    not_(patients.c.active),
)
_STARTING_FROM: Final = _columns.start_date >= bindparam("starting_from", type_=_columns.start_date.type)
_STARTING_THROUGH: Final = _columns.start_date <= bindparam("starting_through", type_=_columns.start_date.type)
_ENDING_FROM: Final = _columns.end_date >= bindparam("ending_from", type_=_columns.end_date.type)
_ENDING_THROUGH: Final = _columns.end_date <= bindparam("ending_through", type_=_columns.end_date.type)
_UPDATED_SINCE: Final = _columns.updated_at >= bindparam("updated_since", type_=_columns.updated_at.type)
_CONDITIONS: Final[dict[str, Condition]] = {
    "not_removed": _columns.deleted_at.is_(None),
    "statuses": AnyOf(_columns.status, "statuses"),
    **_status_alternatives(),
    "group_definition_id": equals(_columns.group_definition_id),
    "patient_id": equals(_columns.patient_id),
    "starting_from": _STARTING_FROM,
    "starting_through": _STARTING_THROUGH,
    "ending_from": _ENDING_FROM,
    "ending_through": _ENDING_THROUGH,
    "patient_active": ~_INACTIVE_PATIENT,
    "patient_inactive": _INACTIVE_PATIENT,
    "updated_since": _UPDATED_SINCE,
    IDS: AnyOf(_columns.id, IDS),
}


_IDS: Final = select(_columns.id).where(of_organization(enrollments)).limit(bindparam("rows", type_=Integer()))
_OF_INACTIVE: Final = Statement(
    _IDS.where(
        _columns.patient_id.in_(select(patients.c.id).where(of_organization(patients), not_(patients.c.active))),
        _columns.place.between(bindparam("least", type_=Integer()), bindparam("most", type_=Integer())),
    )
)
_STARTING: Final = Statement(_IDS.where(_columns.start_date.is_not(None), _STARTING_FROM, _STARTING_THROUGH))
_ENDING: Final = Statement(_IDS.where(_columns.end_date.is_not(None), _ENDING_FROM, _ENDING_THROUGH))
_UPDATED: Final = Statement(_IDS.where(AnyOf(_columns.status, "statuses"), _UPDATED_SINCE))
_REFERENCES: Final = {"patient": Reference(PATIENTS, by="patient_id")}


def _place(status: str, waitlist_position: int | None) -> int:
    return 0 if status == _ENROLLED else waitlist_position or _PAST_PLACE


def _keys(status: str, waitlist_position: int | None, id: UUID) -> tuple[Any, ...]:
    return _place(status, waitlist_position), id


def _keys_with_group(group_id: UUID, status: str, waitlist_position: int | None, id: UUID) -> tuple[Any, ...]:
    return group_id, _place(status, waitlist_position), id


def _listing(order: EnrollmentOrder) -> Listing[Enrollment]:
    columns: tuple[ColumnElement[Any], ...] = (_columns.group_definition_id, _columns.place, _columns.id)
    types: tuple[type, ...] = (UUID, int, UUID)
    key_fields: tuple[str, ...] = ("group_definition_id", "status", "waitlist_position", "id")
    if order is not EnrollmentOrder.GROUP_AND_PLACE:
        time = _columns.updated_at if order is EnrollmentOrder.UPDATED_AT_ASC else _columns.created_at
        columns, types, key_fields = (time, _columns.id), (datetime, UUID), (time.key, "id")
    return Listing(
        f"enrollments:{order}",
        enrollments,
        LAYOUT,
        columns,
        types,
        key_fields,
        _keys_with_group if order is EnrollmentOrder.GROUP_AND_PLACE else None,
        _CONDITIONS,
        descending=order is EnrollmentOrder.CREATED_AT_DESC,
        patient="patient_id",
        references=_REFERENCES,
        # A group's enrollments are in the order of places by an index. The other lists are short, and sorted.
        few={"patient_id", IDS, *(() if order is EnrollmentOrder.GROUP_AND_PLACE else ("group_definition_id",))},
    )


ENROLLMENTS: Listing[Enrollment] = Listing(
    "enrollments",
    enrollments,
    LAYOUT,
    (_columns.place, _columns.id),
    (int, UUID),
    ("status", "waitlist_position", "id"),
    _keys,
    _CONDITIONS,
    patient="patient_id",
    references=_REFERENCES,
)
"""Enrollments of a group or a patient: seated patients first, then the waitlist in its order, then past enrollments."""
ENROLLMENTS_BY: Final[Mapping[EnrollmentOrder, Listing[Enrollment]]] = {
    order: _listing(order) for order in EnrollmentOrder
}
"""The list of the organization's enrollments in each order. Groups are in the order of their ids."""

_NOT_REMOVED: Final = {"not_removed": None}
ENROLLMENTS_OF_GROUP: Final = Relation(ENROLLMENTS, _columns.group_definition_id, _NOT_REMOVED)
ENROLLMENTS_OF_PATIENT: Final = Relation(ENROLLMENTS, _columns.patient_id, _NOT_REMOVED)

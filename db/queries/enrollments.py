"""Reading enrollments. Removed ones are in no list, but can be read by id."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db.queries.pages import Slice, by_id, count_of_one, counts, find, page_of_one, read_pages
from db.sql.lookups import Lookup
from db.sql.page_statements import Order, Window
from db.sql.rows import ENROLLMENTS
from db.sql.statement import AnyOf
from db.tables import enrollments
from db.transactions.snapshots import Snapshot
from domain.records import Enrollment, EnrollmentStatus
from domain.selections import Fields

_columns = enrollments.c
# What the column place says of who has left.
_PAST = 1_000_000

Statuses = frozenset[EnrollmentStatus] | None


def _keys(enrollment: Enrollment) -> tuple[Any, ...]:
    if enrollment.status is EnrollmentStatus.ENROLLED:
        return 0, enrollment.id
    return enrollment.waitlist_position or _PAST, enrollment.id


ENROLLMENT_ORDER: Order[Enrollment] = Order(
    "enrollments",
    enrollments,
    ENROLLMENTS,
    (_columns.place, _columns.id),
    (int, UUID),
    _keys,
    {"kept": _columns.deleted_at.is_(None), "statuses": AnyOf(_columns.status, "statuses")},
)
"""The order of every list of enrollments: the seated, the waitlist in turn, the past."""

ENROLLMENT_BY_ID: Lookup[Enrollment | None] = by_id(ENROLLMENT_ORDER)
"""Finds an enrollment, the removed too."""


async def find_enrollments(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, Enrollment]:
    """Return those of the enrollments that the organization has, the removed too."""
    return await find(snapshot, ENROLLMENT_ORDER, ids)


def page_of_group_enrollments(
    statuses: Statuses, window: Window, fields: Fields | None = None
) -> Lookup[Slice[Enrollment]]:
    """Return what finds a page of one group's enrollments, or some fields of them."""
    return page_of_one(ENROLLMENT_ORDER, _columns.group_definition_id, _filters(statuses), window, fields)


def count_of_group_enrollments(statuses: Statuses) -> Lookup[int]:
    """Return what finds how many enrollments one group's list has."""
    return count_of_one(ENROLLMENT_ORDER, _columns.group_definition_id, _filters(statuses))


def page_of_patient_enrollments(statuses: Statuses, window: Window) -> Lookup[Slice[Enrollment]]:
    """Return what finds a page of one patient's enrollments."""
    return page_of_one(ENROLLMENT_ORDER, _columns.patient_id, _filters(statuses), window)


def count_of_patient_enrollments(statuses: Statuses) -> Lookup[int]:
    """Return what finds how many enrollments one patient's list has."""
    return count_of_one(ENROLLMENT_ORDER, _columns.patient_id, _filters(statuses))


async def pages_of_group_enrollments(
    snapshot: Snapshot, group_ids: Sequence[UUID], statuses: Statuses, window: Window, fields: Fields | None = None
) -> list[Slice[Enrollment]]:
    """Return the same page of many groups' enrollments, or some fields of them, by one statement."""
    parent = _columns.group_definition_id
    return await read_pages(snapshot, ENROLLMENT_ORDER, parent, group_ids, _filters(statuses), window, fields)


async def count_group_enrollments(snapshot: Snapshot, group_ids: Sequence[UUID], statuses: Statuses) -> list[int]:
    """Return how many enrollments each group's list has, by one statement."""
    return await counts(snapshot, ENROLLMENT_ORDER, _columns.group_definition_id, group_ids, _filters(statuses))


async def pages_of_patient_enrollments(
    snapshot: Snapshot, patient_ids: Sequence[str], statuses: Statuses, window: Window
) -> list[Slice[Enrollment]]:
    """Return the same page of many patients' enrollments, by one statement."""
    parent = _columns.patient_id
    return await read_pages(snapshot, ENROLLMENT_ORDER, parent, patient_ids, _filters(statuses), window)


async def count_patient_enrollments(snapshot: Snapshot, patient_ids: Sequence[str], statuses: Statuses) -> list[int]:
    """Return how many enrollments each patient's list has, by one statement."""
    return await counts(snapshot, ENROLLMENT_ORDER, _columns.patient_id, patient_ids, _filters(statuses))


def _filters(statuses: Statuses) -> dict[str, Any]:
    filters: dict[str, Any] = {"kept": None}
    if statuses is not None:
        filters["statuses"] = sorted(statuses)
    return filters

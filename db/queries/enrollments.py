"""Lists of enrollments. Removed enrollments are in no list, but can be read by id."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from db.queries.pages import ListFilter
from db.queries.references import PATIENTS
from db.queries.relations import Relation
from db.sql.listings import Conditions, Listing, Reference
from db.sql.rows import ENROLLMENTS as LAYOUT
from db.sql.statement import AnyOf
from db.tables import enrollments
from domain.records import Enrollment, EnrollmentStatus

_columns = enrollments.c
_PAST_PLACE: Final = 1_000_000
"""The value of the column `place` for patients who have left."""


@dataclass(frozen=True, slots=True)
class EnrollmentFilter(ListFilter):
    """Narrows a list of enrollments to some statuses; None for all."""

    statuses: frozenset[EnrollmentStatus] | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        return {} if self.statuses is None else {"statuses": sorted(self.statuses)}


def _keys(status: str, waitlist_position: int | None, id: UUID) -> tuple[Any, ...]:
    return 0 if status == EnrollmentStatus.ENROLLED else waitlist_position or _PAST_PLACE, id


ENROLLMENTS: Listing[Enrollment] = Listing(
    "enrollments",
    enrollments,
    LAYOUT,
    (_columns.place, _columns.id),
    (int, UUID),
    ("status", "waitlist_position", "id"),
    _keys,
    {"not_removed": _columns.deleted_at.is_(None), "statuses": AnyOf(_columns.status, "statuses")},
    patient="patient_id",
    references={"patient": Reference(PATIENTS, by="patient_id")},
)
"""Enrollments: seated patients first, then the waitlist in its order, then past enrollments."""

_NOT_REMOVED: Final = {"not_removed": None}
ENROLLMENTS_OF_GROUP: Final = Relation(ENROLLMENTS, _columns.group_definition_id, _NOT_REMOVED)
ENROLLMENTS_OF_PATIENT: Final = Relation(ENROLLMENTS, _columns.patient_id, _NOT_REMOVED)

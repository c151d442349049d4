"""Which enrollment brings a patient to which session, in SQL."""

from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, select

from db.sql.expected import is_expected
from db.sql.statement import constant
from db.tables import enrollments, occurrences
from domain.records import OccurrenceStatus


def _is_expected(seats: FromClause) -> ColumnElement[bool]:
    """Return the condition that a seat is in the group of the session, and that its patient is expected there."""
    return and_(
        seats.c.organization_id == occurrences.c.organization_id,
        seats.c.group_definition_id == occurrences.c.group_definition_id,
        is_expected(seats, occurrences),
    )


def _is_latest() -> ColumnElement[bool]:
    """Return the condition that no later enrollment of the patient in the group is expected at the session too.

    A patient who left and came back may have two enrollments whose days overlap. The patient is expected once.
    """
    later = enrollments.alias("later")
    also_expected = select(later.c.id).where(
        later.c.patient_id == enrollments.c.patient_id, later.c.id > enrollments.c.id, _is_expected(later)
    )
    return ~also_expected.correlate(enrollments, occurrences).exists()


ATTENDS: Final = and_(
    occurrences.c.status != constant(OccurrenceStatus.CANCELLED), _is_expected(enrollments), _is_latest()
)
"""The condition that an enrollment brings its patient to a session. Nobody is expected at a cancelled session.

It joins `enrollments` and `occurrences`. There is at most one enrollment for each patient and session.
"""

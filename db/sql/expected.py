"""Which patients are expected at a session, in SQL. `domain.expected` has the same rule, and explains it."""

from typing import Final

from sqlalchemy import ColumnElement, FromClause, bindparam, or_

from db.tables import enrollments

SEAT_COLUMNS: Final = (
    *("enrolled_at", "disenrolled_at", "deleted_at", "start_date", "end_date", "counts_from_start"),
    *("waitlisted_at", "promoted_at"),
)
"""The columns of an enrollment that decide when the patient is expected."""


def is_expected(seats: FromClause, sessions: FromClause) -> ColumnElement[bool]:
    """Return the condition that the patient of an enrollment is expected at a session of the group.

    Args:
        seats: The enrollments, or a query with SEAT_COLUMNS.
        sessions: The sessions, or a query with their columns `session_date` and `starts_at`.
    """
    seat, starts_at, day = seats.c, sessions.c.starts_at, sessions.c.session_date
    return (
        seat.deleted_at.is_(None)
        & seat.enrolled_at.is_not(None)
        & or_(seat.counts_from_start, seat.enrolled_at <= starts_at)
        & or_(seat.disenrolled_at.is_(None), seat.disenrolled_at > starts_at)
        & or_(
            seat.waitlisted_at.is_(None),
            seat.waitlisted_at < seat.enrolled_at,
            seat.waitlisted_at > starts_at,
            seat.promoted_at <= starts_at,
        )
        & or_(seat.start_date.is_(None), seat.start_date <= day)
        & or_(seat.end_date.is_(None), seat.end_date >= day)
    )


def is_expected_since(seats: FromClause, parameter: str) -> ColumnElement[bool]:
    """Return the condition that the patient can be expected at a session that starts at or after a parameter's instant.

    It narrows enrollments before they are joined with sessions.
    """
    columns, since = seats.c, bindparam(parameter, type_=enrollments.c.disenrolled_at.type)
    return (
        columns.deleted_at.is_(None)
        & columns.enrolled_at.is_not(None)
        & or_(columns.disenrolled_at.is_(None), columns.disenrolled_at > since)
    )

"""Which patients are expected at a session, in SQL. `domain.expected` has the same rule."""

from sqlalchemy import ColumnElement, FromClause, bindparam, or_

from db.tables import enrollments


def is_expected(seats: FromClause, starts_at: ColumnElement[object]) -> ColumnElement[bool]:
    """Return the condition that the patient of an enrollment is expected at a session of the group.

    Args:
        seats: The enrollments, or a query with the same columns.
        starts_at: The instant at which the session starts.
    """
    columns = seats.c
    return (
        columns.deleted_at.is_(None)
        & (columns.enrolled_at <= starts_at)
        & or_(columns.disenrolled_at.is_(None), columns.disenrolled_at > starts_at)
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

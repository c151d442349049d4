"""Which patients are expected at a session, in SQL. `domain.expected` has the same rule, and explains it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, bindparam, or_

from db.tables import enrollments

SEAT_COLUMNS: Final = (
    *("enrolled_at", "disenrolled_at", "deleted_at", "start_date", "end_date", "counts_from_start"),
    *("waitlisted_at", "promoted_at"),
)
"""The columns of an enrollment that decide when the patient is expected."""

_MARGIN: Final = timedelta(days=2)
"""More than any two time zones differ."""


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


def is_expected_within(seats: FromClause) -> ColumnElement[bool]:
    """Return the condition that the patient can be expected at a session of some days, by the parameters of `within`.

    It narrows enrollments before they are joined with sessions: neither those that ended before these days nor those
    that began after them are read.
    """
    columns = seats.c
    since, until = (bindparam(name, type_=enrollments.c.enrolled_at.type) for name in ("since", "until"))
    first, last = (bindparam(name, type_=enrollments.c.start_date.type) for name in ("first_day", "last_day"))
    return (
        columns.deleted_at.is_(None)
        & columns.enrolled_at.is_not(None)
        & or_(columns.counts_from_start, columns.enrolled_at < until)
        & or_(columns.disenrolled_at.is_(None), columns.disenrolled_at > since)
        & or_(columns.start_date.is_(None), columns.start_date <= last)
        & or_(columns.end_date.is_(None), columns.end_date >= first)
    )


def within(first_day: date, last_day: date) -> dict[str, Any]:
    """Return the parameters of `is_expected_within`, for sessions that are on these days in any time zone."""
    return {
        "since": datetime.combine(first_day - _MARGIN, time(), UTC),
        "until": datetime.combine(last_day + _MARGIN, time(), UTC),
        "first_day": first_day - _MARGIN,
        "last_day": last_day + _MARGIN,
    }

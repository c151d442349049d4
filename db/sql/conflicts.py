"""Statements that narrow a calendar to the sessions that may have conflicts, for `domain.conflicts` to decide on them.

There are two ways. In a window of days, all sessions are sorted by what they need, and neighbours are compared: a month
of 10,000 sessions takes some 50 ms on PostgreSQL. For a few sessions, those that overlap them are found by the indexes;
for a whole month that would take five times as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache, cached_property
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    union,
    union_all,
)

from db.sql.expected import SEAT_COLUMNS, is_expected, is_expected_within
from db.sql.rows import LOCATION_COLUMNS
from db.sql.statement import AnyOf, DaysLater, Statement, constant, equals, of_organization
from db.tables import closures, enrollments, locations, occurrences
from domain.conflicts import Booking, ConflictKind
from domain.records import OccurrenceStatus

MAX_DAYS_APART: Final = 2
"""The local dates of two overlapping sessions are at most so many days apart: zones differ by up to 26 hours."""

_NAMES: Final = ("id", *(field.name for field in fields(Booking)[1:]))
BOOKING_WIDTH: Final = len(_NAMES)
"""The number of a booking's columns."""
_STAFF: Final = ("facilitator_id", "co_facilitator_id")
_SEAT: Final = ("id", "group_definition_id", "patient_id", *SEAT_COLUMNS)
_sessions = occurrences.c
_OF_GROUP: Final = _sessions.group_definition_id == bindparam("group_id", type_=_sessions.group_definition_id.type)
_from_date, _through_date = (
    bindparam(name, type_=_sessions.session_date.type) for name in ("from_date", "through_date")
)


def columns_of(sessions: FromClause) -> list[ColumnElement[Any]]:
    """Return the columns of a `Booking`, in the order of its fields."""
    return [sessions.c[name] for name in _NAMES]


def is_live(sessions: FromClause) -> ColumnElement[bool]:
    """Return the condition that a session of the organization is not cancelled."""
    return of_organization(sessions) & _is_not_cancelled(sessions)


@cache
def overlaps_in_days(kinds: frozenset[ConflictKind]) -> Statement:
    """Return the statement that selects the bookings of a window that overlap another with the same need.

    Its parameters are `from_date` and `through_date`.
    """
    sessions = _of_days()
    needs: list[Select[Any]] = []
    if ConflictKind.FACILITATOR in kinds:
        needs += (_needs(sessions, "staff", sessions.c[name]) for name in ("facilitator_id", "co_facilitator_id"))
    if ConflictKind.LOCATION in kinds:
        needs.append(_needs(sessions, "location", sessions.c.location_id))
    if ConflictKind.GROUP in kinds:
        needs.append(_needs(sessions, "group", cast(sessions.c.group_definition_id, String)))
    all_needs = union_all(*needs).subquery()
    clashing = _clashing(all_needs, all_needs.c.kind, all_needs.c.need)
    return Statement(select(*columns_of(sessions)).where(sessions.c.id.in_(select(clashing.c.id))))


SITES: Final = Statement(
    select(locations.c.id).where(
        of_organization(locations), AnyOf(locations.c.id, "location_ids"), locations.c.room.is_(None)
    )
)
"""Selects those of `location_ids` that have no room."""


def _attendances_in_days() -> Statement:
    """Return the statement that selects attendances of a window in which a patient is expected in two places.

    Most patients are in one group only, so that they are left out before anything is sorted.
    """
    of_groups = select(_sessions.group_definition_id).where(*_in_days(occurrences))
    seats = _materialized(
        select(*(enrollments.c[name] for name in _SEAT)).where(
            of_organization(enrollments),
            enrollments.c.group_definition_id.in_(of_groups),
            is_expected_within(enrollments),
        ),
        "seats",
    )
    several = (
        select(seats.c.patient_id)
        .group_by(seats.c.patient_id)
        .having(func.count(seats.c.group_definition_id.distinct()) > literal_column("1"))
    )
    chosen = _materialized(select(seats).where(seats.c.patient_id.in_(several)), "chosen")
    attended = (
        select(chosen.c.patient_id, chosen.c.id.label("enrollment_id"), *columns_of(occurrences))
        .join_from(chosen, occurrences, _sessions.group_definition_id == chosen.c.group_definition_id)
        .where(*_in_days(occurrences), is_expected(chosen, occurrences))
        .subquery()
    )
    clashing = _clashing(attended, attended.c.patient_id)
    return Statement(select(clashing.c.patient_id, clashing.c.enrollment_id, *columns_of(clashing)))


def _overlaps_with(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the query that selects the live sessions of a condition, and those that overlap and share a need."""
    focus, other = _focus(condition), occurrences.alias("other")
    needs = [
        *(other.c[theirs] == focus.c[mine] for theirs in _STAFF for mine in _STAFF),
        other.c.location_id == focus.c.location_id,
        other.c.group_definition_id == focus.c.group_definition_id,
    ]
    parts = [select(*columns_of(other)).where(need, *_overlap(focus, other)) for need in needs]
    bookings = union(select(*columns_of(focus)), *parts).subquery()
    return select(*columns_of(bookings))


def _attendances_with(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the query that selects patients of a condition's live sessions who are expected elsewhere meanwhile.

    A row has the patient, and twice an enrollment and a booking: that of the condition, and the other one.
    """
    focus, theirs, other = _focus(condition), enrollments.alias("theirs"), occurrences.alias("other")
    # One step after another, each by an index: whatever the databases estimate, they start from the sessions.
    seated = _materialized(
        select(focus, enrollments.c.patient_id, enrollments.c.id.label("enrollment_id")).where(
            of_organization(enrollments),
            enrollments.c.group_definition_id == focus.c.group_definition_id,
            is_expected(enrollments, focus),
        ),
        "seated",
    )
    return select(
        seated.c.patient_id,
        seated.c.enrollment_id,
        *columns_of(seated),
        theirs.c.id.label("other_enrollment_id"),
        *columns_of(other),
    ).where(
        of_organization(theirs),
        theirs.c.patient_id == seated.c.patient_id,
        theirs.c.group_definition_id != seated.c.group_definition_id,
        other.c.group_definition_id == theirs.c.group_definition_id,
        *_overlap(seated, other),
        is_expected(theirs, other),
    )


def _attendances_of_patients() -> Statement:
    """Return the statement that selects patients, a group's bookings, and their enrollments and bookings elsewhere."""
    focus, theirs, other = _focus(_group_in_days), enrollments.alias("theirs"), occurrences.alias("other")
    elsewhere = theirs.c.id.label("other_enrollment_id"), *columns_of(other)
    return Statement(
        select(theirs.c.patient_id, *columns_of(focus), *elsewhere).where(
            of_organization(theirs),
            AnyOf(theirs.c.patient_id, "patient_ids"),
            theirs.c.group_definition_id != focus.c.group_definition_id,
            other.c.group_definition_id == theirs.c.group_definition_id,
            *_overlap(focus, other),
            is_expected(theirs, other),
        )
    )


def _is_not_cancelled(sessions: FromClause) -> ColumnElement[bool]:
    return sessions.c.status != constant(OccurrenceStatus.CANCELLED)


def _closed_days(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the query that selects the live sessions of a condition on a day with any closure, and their places.

    A row has the columns of the booking, and those of its location if it has one. `PlacedClosure.closes` decides.
    """
    closed = (
        select(closures.c.id)
        .where(
            of_organization(closures),
            closures.c.deleted_at.is_(None),
            _sessions.session_date.between(closures.c.from_date, closures.c.through_date),
        )
        .exists()
    )
    place = and_(of_organization(locations), locations.c.id == _sessions.location_id)
    return (
        select(*columns_of(occurrences), *(column.label(f"place_{column.name}") for column in LOCATION_COLUMNS))
        .select_from(occurrences.outerjoin(locations, place))
        .where(_is_not_cancelled(occurrences), condition, closed)
    )


def _of_days() -> CTE:
    return _materialized(select(*columns_of(occurrences)).where(*_in_days(occurrences)), "sessions")


def _in_days(sessions: FromClause) -> Sequence[ColumnElement[bool]]:
    return is_live(sessions), sessions.c.session_date.between(_from_date, _through_date)


def _needs(sessions: FromClause, kind: str, need: ColumnElement[Any]) -> Select[Any]:
    columns = sessions.c.id, sessions.c.starts_at, sessions.c.ends_at
    return select(*columns, constant(kind).label("kind"), need.label("need")).where(need.is_not(None))


def _clashing(rows: FromClause, *need: ColumnElement[Any]) -> FromClause:
    """Return the rows that overlap another one with the same need: the one after them, or any before them."""
    before = func.max(rows.c.ends_at).over(partition_by=need, order_by=rows.c.starts_at, rows=(None, -1))
    after = func.lead(rows.c.starts_at).over(partition_by=need, order_by=rows.c.starts_at)
    neighbours = select(rows, before.label("busy_until"), after.label("next_start")).subquery()
    clashes = or_(neighbours.c.busy_until > neighbours.c.starts_at, neighbours.c.next_start < neighbours.c.ends_at)
    return select(*(neighbours.c[column.key] for column in rows.c)).where(clashes).subquery()


def _focus(condition: ColumnElement[bool]) -> CTE:
    """Return the live sessions of a condition, with the days on which sessions may overlap them.

    PostgreSQL uses an index under row-level security only for conditions that cannot fail, so the days are computed
    here and not where they are compared.
    """
    day = _sessions.session_date
    first, last = DaysLater(day, -MAX_DAYS_APART).label("first_day"), DaysLater(day, MAX_DAYS_APART).label("last_day")
    query = select(*columns_of(occurrences), first, last).where(_is_not_cancelled(occurrences), condition)
    return _materialized(query, "focus")


def _overlap(focus: FromClause, other: FromClause) -> Sequence[ColumnElement[bool]]:
    return (
        is_live(other),
        other.c.session_date.between(focus.c.first_day, focus.c.last_day),
        other.c.starts_at < focus.c.ends_at,
        other.c.ends_at > focus.c.starts_at,
    )


def _materialized(query: Select[Any], name: str) -> CTE:
    """Return a query that is run once, whatever the database expects of it."""
    return query.cte(name).prefix_with("MATERIALIZED")


ATTENDANCES_IN_DAYS: Final = _attendances_in_days()
"""Selects the patient, the enrollment and the booking.

Parameters: `from_date`, `through_date`, and those of `db.sql.expected.within`.
"""
CLOSED_DAYS: Final = Statement(
    _closed_days(of_organization(occurrences) & _sessions.session_date.between(_from_date, _through_date))
)
"""Selects the bookings of a window on days with a closure, each with its location: `from_date`, `through_date`."""


class Focus:
    """Some sessions, and the statements that find what clashes with them. Each takes memory only from its first use."""

    def __init__(self, condition: ColumnElement[bool], *, sqlite: ColumnElement[bool]) -> None:
        """Take the condition of the sessions, and the one for SQLite."""
        self._condition = condition
        self._on_sqlite = sqlite

    @cached_property
    def overlaps(self) -> Statement:
        """Selects the bookings of the sessions, and of those that overlap one of them and share a need."""
        return self._statement(_overlaps_with)

    @cached_property
    def attendances(self) -> Statement:
        """Selects the patient, the enrollment and the booking, and the enrollment and the booking that clash."""
        return self._statement(_attendances_with)

    @cached_property
    def closed_days(self) -> Statement:
        """Selects the bookings of the sessions on days with a closure, each with its location."""
        return self._statement(_closed_days)

    def _statement(self, query: Callable[[ColumnElement[bool]], Select[Any]]) -> Statement:
        return Statement(query(self._condition), sqlite=query(self._on_sqlite))


_has_id: Final = AnyOf(_sessions.id, "ids")
# SQLite would read all sessions of the organization by an index. An expression instead of the column keeps it off that.
_organization: Final = _sessions.organization_id + literal_column("''")
BY_IDS: Final = Focus(of_organization(occurrences) & _has_id, sqlite=equals(_organization, "organization_id") & _has_id)
"""The sessions whose ids are in the parameter `ids`."""
_group_in_days: Final = (
    of_organization(occurrences) & _OF_GROUP & _sessions.session_date.between(_from_date, _through_date)
)
OF_GROUP_IN_DAYS: Final = Focus(_group_in_days, sqlite=_group_in_days)
"""The sessions of the group `group_id` from `from_date` through `through_date`."""
ATTENDANCES_OF_PATIENTS: Final = _attendances_of_patients()
"""Parameters: `group_id`, `from_date`, `through_date` and `patient_ids`."""

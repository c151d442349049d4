"""The parts of a calendar in which conflicts are looked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from db.sql.closures import CLOSURES_OF_WINDOW, placed_closure, window_parameters
from db.sql.conflicts import (
    ATTENDANCES_IN_DAYS,
    ATTENDANCES_OF_PATIENTS,
    BOOKING_WIDTH,
    BY_IDS,
    CLOSED_DAYS,
    MAX_DAYS_APART,
    OF_GROUP_IN_DAYS,
    SITES,
    Focus,
    overlaps_in_days,
)
from db.sql.expected import within
from db.sql.rows import location_record
from db.sql.statement import Statement
from domain.conflicts import Booking, Calendar, ConflictKind
from domain.records import Enrollment

_ATTENDANCE_WIDTH: Final = 1 + BOOKING_WIDTH
_SHARED: Final = frozenset({ConflictKind.FACILITATOR, ConflictKind.LOCATION, ConflictKind.GROUP})
"""The kinds that the sessions themselves decide, without patients and closures."""


class Reader(Protocol):
    """A transaction that reads: a snapshot, or a unit of work."""

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the statement's rows."""


async def calendar_of_days(
    reader: Reader, from_date: date, through_date: date, kinds: frozenset[ConflictKind]
) -> Calendar:
    """Return the sessions that may have conflicts of some kinds with sessions of a window, those included.

    Sessions of the days around it are included too: the dates of zones differ.
    """
    apart = timedelta(days=MAX_DAYS_APART)
    days: dict[str, Any] = {"from_date": from_date - apart, "through_date": through_date + apart}
    calendar = Calendar()
    if kinds & _SHARED:
        _add_bookings(calendar, await reader.fetch(overlaps_in_days(kinds & _SHARED), days))
        calendar = await _with_sites(calendar, reader, kinds)
    if ConflictKind.PATIENT in kinds:
        parameters = days | within(days["from_date"], days["through_date"])
        for patient_id, *attendance in await reader.fetch(ATTENDANCES_IN_DAYS, parameters):
            _add_attendance(calendar, patient_id, attendance)
    if ConflictKind.CLOSURE in kinds:
        await _add_closures(calendar, reader, CLOSED_DAYS, {"from_date": from_date, "through_date": through_date})
    return calendar


async def calendar_of_group(
    reader: Reader, group_id: UUID, from_date: date, through_date: date, kinds: frozenset[ConflictKind]
) -> Calendar:
    """Return the sessions of a group in a window that are not cancelled, and all that may have conflicts with them."""
    parameters = {"group_id": group_id, "from_date": from_date, "through_date": through_date}
    return await _calendar_of(reader, OF_GROUP_IN_DAYS, parameters, kinds)


async def calendar_of_sessions(reader: Reader, session_ids: Sequence[UUID], kinds: frozenset[ConflictKind]) -> Calendar:
    """Return those of the sessions that are not cancelled, and all that may have conflicts with them."""
    return await _calendar_of(reader, BY_IDS, {"ids": session_ids}, kinds)


async def calendar_of_enrollments(
    reader: Reader, group_id: UUID, enrollments: Iterable[Enrollment], from_date: date, through_date: date
) -> Calendar:
    """Return the sessions of a group in a window that overlap sessions of other groups which its patients attend.

    The patients attend all sessions of the group, whether their enrollments are stored or not.

    Args:
        reader: The transaction.
        group_id: The group.
        enrollments: Enrollments in the group, one for each patient.
        from_date: The first day of the window.
        through_date: The last day of the window.
    """
    by_patient = {enrollment.patient_id: enrollment.id for enrollment in enrollments}
    days = {"from_date": from_date, "through_date": through_date}
    rows = await reader.fetch(
        ATTENDANCES_OF_PATIENTS, {"group_id": group_id, "patient_ids": sorted(by_patient), **days}
    )
    calendar = Calendar()
    for patient_id, *bookings in rows:
        _add_attendance(calendar, patient_id, (by_patient[patient_id], *bookings[:BOOKING_WIDTH]))
        _add_attendance(calendar, patient_id, bookings[BOOKING_WIDTH:])
    return calendar


async def _calendar_of(
    reader: Reader, focus: Focus, parameters: Mapping[str, Any], kinds: frozenset[ConflictKind]
) -> Calendar:
    calendar = Calendar()
    if kinds & _SHARED:
        _add_bookings(calendar, await reader.fetch(focus.overlaps, parameters))
        calendar = await _with_sites(calendar, reader, kinds)
    if ConflictKind.PATIENT in kinds:
        for patient_id, *attendances in await reader.fetch(focus.attendances, parameters):
            _add_attendance(calendar, patient_id, attendances[:_ATTENDANCE_WIDTH])
            _add_attendance(calendar, patient_id, attendances[_ATTENDANCE_WIDTH:])
    if ConflictKind.CLOSURE in kinds:
        await _add_closures(calendar, reader, focus.closed_days, parameters)
    return calendar


async def _with_sites(calendar: Calendar, reader: Reader, kinds: frozenset[ConflictKind]) -> Calendar:
    """Return the calendar with those of its locations that have no room."""
    location_ids = {booking.location_id for booking in calendar.bookings.values()} - {None}
    if ConflictKind.LOCATION not in kinds or not location_ids:
        return calendar
    rows = await reader.fetch(SITES, {"location_ids": sorted(map(str, location_ids))})
    return replace(calendar, sites=frozenset(row[0] for row in rows))


async def _add_closures(
    calendar: Calendar, reader: Reader, statement: Statement, parameters: Mapping[str, Any]
) -> None:
    """Add the sessions whose location is closed on their day, with the closures."""
    rows = await reader.fetch(statement, parameters)
    if not rows:
        return
    bookings = [Booking(*row[:BOOKING_WIDTH]) for row in rows]
    days = [booking.session_date for booking in bookings]
    closures = list(
        map(placed_closure, await reader.fetch(CLOSURES_OF_WINDOW, window_parameters(min(days), max(days))))
    )
    for booking, row in zip(bookings, rows, strict=True):
        location = None if booking.location_id is None else location_record(row[BOOKING_WIDTH:])
        closed_by = [
            placed.closure.id
            for placed in closures
            if placed.closure.from_date <= booking.session_date <= placed.closure.through_date
            and placed.closes(location)
        ]
        if closed_by:
            calendar.bookings.setdefault(booking.session_id, booking)
            calendar.closures[booking.session_id] = closed_by


def _add_bookings(calendar: Calendar, rows: Iterable[Sequence[Any]]) -> None:
    for row in rows:
        calendar.bookings.setdefault(row[0], Booking(*row))


def _add_attendance(calendar: Calendar, patient_id: str, row: Sequence[Any]) -> None:
    enrollment_id, *booking = row
    _add_bookings(calendar, [booking])
    calendar.attendances.setdefault(booking[0], {})[patient_id] = enrollment_id

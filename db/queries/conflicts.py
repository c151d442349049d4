"""The parts of a calendar in which conflicts are looked for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from db.sql.conflicts import (
    ATTENDANCES_IN_DAYS,
    BOOKING_WIDTH,
    BY_IDS,
    MAX_DAYS_APART,
    OF_GROUP_IN_DAYS,
    Focus,
    overlaps_in_days,
)
from db.sql.statement import Statement
from domain.conflicts import Booking, Calendar, ConflictKind

_ATTENDANCE_WIDTH: Final = 1 + BOOKING_WIDTH
_ZONES: Final = timedelta(days=1)
"""An instant of a date in any zone is at most so far from the date in UTC."""


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
    if kinds - {ConflictKind.PATIENT}:
        _add_bookings(calendar, await reader.fetch(overlaps_in_days(kinds - {ConflictKind.PATIENT}), days))
    if ConflictKind.PATIENT in kinds:
        since = datetime.combine(days["from_date"] - _ZONES, time(), UTC)
        for patient_id, *attendance in await reader.fetch(ATTENDANCES_IN_DAYS, days | {"since": since}):
            _add_attendance(calendar, patient_id, attendance)
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


async def _calendar_of(
    reader: Reader, focus: Focus, parameters: Mapping[str, Any], kinds: frozenset[ConflictKind]
) -> Calendar:
    calendar = Calendar()
    if kinds - {ConflictKind.PATIENT}:
        _add_bookings(calendar, await reader.fetch(focus.overlaps, parameters))
    if ConflictKind.PATIENT in kinds:
        for patient_id, *attendances in await reader.fetch(focus.attendances, parameters):
            _add_attendance(calendar, patient_id, attendances[:_ATTENDANCE_WIDTH])
            _add_attendance(calendar, patient_id, attendances[_ATTENDANCE_WIDTH:])
    return calendar


def _add_bookings(calendar: Calendar, rows: Iterable[Sequence[Any]]) -> None:
    for row in rows:
        calendar.bookings.setdefault(row[0], Booking(*row))


def _add_attendance(calendar: Calendar, patient_id: str, row: Sequence[Any]) -> None:
    enrollment_id, *booking = row
    _add_bookings(calendar, [booking])
    calendar.attendances.setdefault(booking[0], {})[patient_id] = enrollment_id

"""The conflicts that an enrollment makes: sessions of its group during those of the patient's other groups."""

from datetime import date, timedelta
from typing import Final

from db.queries.conflicts import calendar_of_enrollment
from db.transactions.unit_of_work import UnitOfWork
from domain.conflicts import Conflict, ConflictKind, find_conflicts
from domain.records import Enrollment
from domain.wall_time import local_date

CONFLICT_DAYS: Final = 62
"""How many days of the stay are searched, from its start, or from today if it has begun."""
_PATIENT: Final = frozenset({ConflictKind.PATIENT})


async def conflicts_of_enrollment(work: UnitOfWork, enrollment: Enrollment, time_zone: str) -> tuple[Conflict, ...]:
    """Return the patient's conflicts with the coming sessions of an enrollment, by one statement.

    A patient who waits has the conflicts that they would have with a seat.
    """
    today = local_date(work.now, time_zone)
    first = max(enrollment.start_date or today, today)
    last = min(first + timedelta(days=CONFLICT_DAYS - 1), enrollment.end_date or date.max)
    if last < first:
        return ()
    calendar = await calendar_of_enrollment(work, enrollment, first, last)
    coming = [
        booking.session_id
        for booking in calendar.bookings.values()
        if booking.group_definition_id == enrollment.group_definition_id and booking.starts_at >= work.now
    ]
    return tuple(find_conflicts(calendar, _PATIENT, coming))

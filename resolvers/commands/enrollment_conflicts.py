"""The conflicts that new enrollments make: sessions of their group during those of the patients' other groups."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from db.queries.conflicts import calendar_of_enrollments
from db.transactions.unit_of_work import UnitOfWork
from domain.conflicts import Conflict, ConflictKind, find_conflicts
from domain.records import Enrollment, GroupDefinition
from domain.wall_time import local_date
from resolvers.caller import PermissionKey
from resolvers.context import Context

CONFLICT_DAYS: Final = 62
"""How many days of the stay are searched, from its start, or from today if it has begun."""
_PATIENT: Final = frozenset({ConflictKind.PATIENT})


def may_view_conflicts(context: Context) -> bool:
    """Return whether the caller may view the conflicts of patients."""
    return context.has(PermissionKey.GROUP_SCHEDULE_VIEW) and ConflictKind.PATIENT in context.conflict_kinds


async def conflicts_of_enrollments(
    work: UnitOfWork, group: GroupDefinition, enrollments: Sequence[Enrollment]
) -> Mapping[str, tuple[Conflict, ...]]:
    """Return the conflicts of each patient with the coming sessions of a group, by one statement.

    A patient who waits has the conflicts that they would have with a seat.

    Args:
        work: The transaction.
        group: The group.
        enrollments: New enrollments in the group, one for each patient. They have the same first and last day.

    Returns:
        The conflicts by the patient's id. A patient without conflicts is left out.
    """
    if not enrollments:
        return {}
    today = local_date(work.now, group.time_zone)
    first = max(enrollments[0].start_date or today, today)
    last = min(first + timedelta(days=CONFLICT_DAYS - 1), enrollments[0].end_date or date.max)
    if last < first:
        return {}
    calendar = await calendar_of_enrollments(work, group.id, enrollments, first, last)
    coming = [
        booking.session_id
        for booking in calendar.bookings.values()
        if booking.group_definition_id == group.id and booking.starts_at >= work.now
    ]
    by_patient: dict[str, list[Conflict]] = {}
    for conflict in find_conflicts(calendar, _PATIENT, coming):
        if conflict.patient_id is not None:
            by_patient.setdefault(conflict.patient_id, []).append(conflict)
    return {patient_id: tuple(conflicts) for patient_id, conflicts in by_patient.items()}

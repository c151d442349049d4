"""The seats of patients in groups that count toward a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import or_, select

from db.sql.expected import is_expected_since
from db.sql.rows import ENROLLMENT_COLUMNS, GROUP_COLUMNS, enrollment_record, group_record
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.sql.unions import numbered_union
from db.tables import enrollments, group_definitions
from db.transactions.snapshots import Snapshot
from domain.patient_weeks import Seat
from domain.records import Program

_groups = group_definitions.c
_SEATS: Final = Statement(
    select(*ENROLLMENT_COLUMNS, *GROUP_COLUMNS)
    .join(group_definitions, _groups.id == enrollments.c.group_definition_id)
    .where(
        of_organization(enrollments),
        AnyOf(enrollments.c.patient_id, "patient_ids"),
        is_expected_since(enrollments, "since"),
        or_(*(_groups.group_type == constant(program) for program in Program), _groups.counts_toward != constant("")),
    )
)
_MARGIN: Final = timedelta(days=1)
"""More than any time zone differs from UTC."""


@dataclass(frozen=True, slots=True)
class WeekOfPatient:
    """A week of a patient: the patient's id, and the first day of the week."""

    patient_id: str
    first_day: date


async def program_seats(snapshot: Snapshot, weeks: Sequence[WeekOfPatient]) -> dict[WeekOfPatient, list[Seat]]:
    """Return the seats that patients have in their weeks, or get later, by one statement.

    Only groups that count toward a program are considered. Weeks without seats are left out.
    """
    patient_ids: dict[date, list[str]] = {}
    for week in weeks:
        patient_ids.setdefault(week.first_day, []).append(week.patient_id)
    parameters = [
        {"patient_ids": ids, "since": datetime.combine(first_day, time(), UTC) - _MARGIN}
        for first_day, ids in patient_ids.items()
    ]
    first_days, union = list(patient_ids), numbered_union([_SEATS] * len(patient_ids), parameters)
    seats: dict[WeekOfPatient, list[Seat]] = {}
    width = len(ENROLLMENT_COLUMNS)
    for number, *row in await snapshot.fetch(*union):
        enrollment = enrollment_record(row[:width])
        key = WeekOfPatient(enrollment.patient_id, first_days[number])
        seats.setdefault(key, []).append(Seat(enrollment, group_record(row[width:])))
    return seats

"""The seats of patients in groups that count toward a program."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select

from db.sql.expected import is_expected_within, within
from db.sql.rows import ENROLLMENT_COLUMNS, GROUP_COLUMNS, PROGRAM_LISTS, enrollment_record, group_record
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.sql.unions import numbered_union
from db.tables import enrollments, group_definitions
from db.transactions.snapshots import Snapshot
from db.transactions.unit_of_work import UnitOfWork
from domain.patient_weeks import Seat
from domain.records import GroupDefinition, Program
from domain.weeks import week_end

_groups = group_definitions.c
_attendees: Final = enrollments.alias("attendees")


def _seats(of_patients: ColumnElement[bool]) -> Statement:
    counts = or_(
        *(_groups.group_type == constant(program) for program in Program), _groups.counts_toward != constant("")
    )
    return Statement(
        select(*ENROLLMENT_COLUMNS, *GROUP_COLUMNS)
        .join(group_definitions, _groups.id == enrollments.c.group_definition_id)
        .where(of_organization(enrollments), of_patients, is_expected_within(enrollments), counts)
    )


_SEATS: Final = _seats(AnyOf(enrollments.c.patient_id, "patient_ids"))
_SEATS_OF_ATTENDEES: Final = _seats(
    enrollments.c.patient_id.in_(
        select(_attendees.c.patient_id).where(
            _attendees.c.organization_id == enrollments.c.organization_id,
            AnyOf(_attendees.c.group_definition_id, "group_ids"),
            is_expected_within(_attendees),
        )
    )
)
_GROUPS_OF_PROGRAM: Final = Statement(
    select(*GROUP_COLUMNS).where(
        of_organization(group_definitions),
        or_(
            _groups.group_type == bindparam("program", type_=_groups.group_type.type),
            AnyOf(_groups.counts_toward, "lists"),
        ),
    )
)
_SEATS_OF_GROUPS: Final = Statement(
    select(*ENROLLMENT_COLUMNS).where(
        of_organization(enrollments),
        AnyOf(enrollments.c.group_definition_id, "group_ids"),
        is_expected_within(enrollments),
    )
)
_ROWS_PER_ITERATION: Final = 2_000
"""How many records to make in one iteration of the event loop."""


@dataclass(frozen=True, slots=True)
class WeekOfPatient:
    """A week of a patient: the patient's id, and the first day of the week."""

    patient_id: str
    first_day: date


async def seats_of_attendees(
    work: UnitOfWork, group_ids: Sequence[UUID], first_day: date, last_day: date
) -> dict[str, list[Seat]]:
    """Return the seats of some days of all patients who have one in these groups, by patient, by one statement.

    Only groups that count toward a program are considered.
    """
    parameters = {"group_ids": group_ids, **within(first_day, last_day)}
    seats: dict[str, list[Seat]] = {}
    for seat in await _read_seats(await work.fetch(_SEATS_OF_ATTENDEES, parameters)):
        seats.setdefault(seat.enrollment.patient_id, []).append(seat)
    return seats


async def program_seats(snapshot: Snapshot, weeks: Sequence[WeekOfPatient]) -> dict[WeekOfPatient, list[Seat]]:
    """Return the seats that patients have in their weeks, by one statement.

    Only groups that count toward a program are considered. Weeks without seats are left out.
    """
    patient_ids: dict[date, list[str]] = {}
    for week in weeks:
        patient_ids.setdefault(week.first_day, []).append(week.patient_id)
    parameters = [
        {"patient_ids": ids, **within(first_day, week_end(first_day))} for first_day, ids in patient_ids.items()
    ]
    first_days, union = list(patient_ids), numbered_union([_SEATS] * len(patient_ids), parameters)
    seats: dict[WeekOfPatient, list[Seat]] = {}
    rows = await snapshot.fetch(*union)
    for (number, *_), seat in zip(rows, await _read_seats(rows, skipped=1), strict=True):
        key = WeekOfPatient(seat.enrollment.patient_id, first_days[number])
        seats.setdefault(key, []).append(seat)
    return seats


async def seats_of_program(snapshot: Snapshot, program: Program, first_day: date) -> dict[str, list[Seat]]:
    """Return all seats of a week in the groups that count toward a program, by patient, by two statements."""
    parameters = {
        "program": program,
        "lists": [text for text, programs in PROGRAM_LISTS.items() if program in programs],
    }
    rows = await snapshot.fetch(_GROUPS_OF_PROGRAM, parameters)
    groups = {group.id: group for group in map(group_record, rows)}
    seats: dict[str, list[Seat]] = {}
    days = within(first_day, week_end(first_day))
    rows = await snapshot.fetch(_SEATS_OF_GROUPS, {"group_ids": list(groups), **days})
    for start in range(0, len(rows), _ROWS_PER_ITERATION):
        if start:
            await asyncio.sleep(0)  # let other requests run
        for enrollment in map(enrollment_record, rows[start : start + _ROWS_PER_ITERATION]):
            seats.setdefault(enrollment.patient_id, []).append(Seat(enrollment, groups[enrollment.group_definition_id]))
    return seats


async def _read_seats(rows: Sequence[Sequence[Any]], skipped: int = 0) -> list[Seat]:
    """Return the seats of the rows, after some columns. Other requests run between the parts of many rows."""
    end = skipped + len(ENROLLMENT_COLUMNS)
    groups: dict[UUID, GroupDefinition] = {}
    seats: list[Seat] = []
    for start in range(0, len(rows), _ROWS_PER_ITERATION):
        if start:
            await asyncio.sleep(0)
        for row in rows[start : start + _ROWS_PER_ITERATION]:
            enrollment = enrollment_record(row[skipped:end])
            group = groups.get(enrollment.group_definition_id)
            if group is None:
                group = groups[enrollment.group_definition_id] = group_record(row[end:])
            seats.append(Seat(enrollment, group))
    return seats

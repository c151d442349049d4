"""The places of waiting patients: who is ahead of them, and what they wait for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import and_, case, func, select

from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.tables import enrollments, group_definitions, patients
from db.transactions.snapshots import Snapshot
from domain.records import EnrollmentStatus
from domain.waitlist import WaitlistPlace

_ENROLLED: Final = constant(EnrollmentStatus.ENROLLED)
_WAITLISTED: Final = constant(EnrollmentStatus.WAITLISTED)
_selected: Final = enrollments.alias("selected")
_groups: Final = select(_selected.c.group_definition_id).where(
    of_organization(_selected), AnyOf(_selected.c.id, "ids"), _selected.c.status == _WAITLISTED
)
_may_be_seated: Final = and_(enrollments.c.status == _WAITLISTED, patients.c.active)
# One pass over the rosters of the groups, however many of their patients wait.
_rosters: Final = (
    select(
        enrollments.c.id,
        enrollments.c.status,
        enrollments.c.group_definition_id,
        patients.c.active,
        func.sum(case((enrollments.c.status == _ENROLLED, 1), else_=0))
        .over(partition_by=enrollments.c.group_definition_id)
        .label("enrolled"),
        func.sum(case((_may_be_seated, 1), else_=0))
        .over(
            partition_by=enrollments.c.group_definition_id,
            order_by=(enrollments.c.place, enrollments.c.id),
            rows=(None, 0),
        )
        .label("up_to_here"),
    )
    .join(
        patients,
        and_(patients.c.organization_id == enrollments.c.organization_id, patients.c.id == enrollments.c.patient_id),
    )
    .where(
        of_organization(enrollments),
        enrollments.c.status != constant(EnrollmentStatus.DISENROLLED),
        enrollments.c.group_definition_id.in_(_groups),
    )
    .subquery("rosters")
)
_PLACES: Final = Statement(
    select(
        _rosters.c.id,
        group_definitions.c.max_capacity,
        _rosters.c.enrolled,
        _rosters.c.up_to_here,
        _rosters.c.active,
        group_definitions.c.deleted_at.is_not(None).label("is_deleted"),
    )
    .join(group_definitions, group_definitions.c.id == _rosters.c.group_definition_id)
    .where(of_organization(group_definitions), _rosters.c.status == _WAITLISTED, AnyOf(_rosters.c.id, "ids"))
)


async def waitlist_places(snapshot: Snapshot, enrollment_ids: Sequence[UUID]) -> dict[UUID, WaitlistPlace]:
    """Return the places of those enrollments that wait, by one statement."""
    return {
        row[0]: WaitlistPlace(row[1], row[2], row[3] - bool(row[4]), bool(row[4]), bool(row[5]))
        for row in await snapshot.fetch(_PLACES, {"ids": enrollment_ids})
    }

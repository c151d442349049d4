"""Notices: data that the rules allow, but that an operator should look at. They do not make a check fail."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.tables import enrollments, group_definitions, patients

_NAMES: Final = {"ENROLLED": "inactive_patient_is_seated", "WAITLISTED": "inactive_patient_waits"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A patient who is inactive in the registry, but enrolled or on a waitlist.

    Attributes:
        name: The kind of notice.
        organization_id: The organization.
        group_id: The group.
        enrollment_id: The enrollment.
        patient_id: The patient.
    """

    name: str
    organization_id: str
    group_id: UUID
    enrollment_id: UUID
    patient_id: str

    def __str__(self) -> str:
        return (
            f"notice {self.name} organization={self.organization_id} group={self.group_id}"
            f" enrollment={self.enrollment_id} patient={self.patient_id}"
        )


async def inactive_patients(snapshot: OrganizationSnapshot) -> AsyncIterator[Notice]:
    """Yield a notice for each inactive patient on a roster. The registry does not disenroll patients."""
    of_patient = (patients.c.organization_id == enrollments.c.organization_id) & (
        patients.c.id == enrollments.c.patient_id
    )
    query = (
        select(enrollments.c.status, enrollments.c.group_definition_id, enrollments.c.id, enrollments.c.patient_id)
        .join(patients, of_patient)
        .join(group_definitions, group_definitions.c.id == enrollments.c.group_definition_id)
        .where(
            enrollments.c.organization_id == snapshot.organization_id,
            enrollments.c.status != "DISENROLLED",
            ~patients.c.active,
            group_definitions.c.deleted_at.is_(None),
        )
        .order_by(enrollments.c.group_definition_id, enrollments.c.id)
    )
    async for row in snapshot.stream(query):
        yield Notice(_NAMES[row.status], snapshot.organization_id, row.group_definition_id, row.id, row.patient_id)

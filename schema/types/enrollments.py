"""Enrollments, as clients see them."""

from datetime import date, datetime

import strawberry

from db.queries.groups import GROUPS
from db.queries.history import HISTORY_OF
from db.queries.references import PATIENTS
from domain import records
from domain.changes import EntityType
from domain.waitlist import WaitlistExplanation as ExplanationRecord
from executor import Batch, InstanceOf
from resolvers.caller import PermissionKey
from resolvers.queries.waitlists import waitlist_explanations
from schema.connections import Connection
from schema.permissions import Info
from schema.relations import connection, reference
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.references import Patient
from schema.types.waitlist import WaitlistExplanation


@strawberry.type(description="A patient's place in a group. A patient who returns after leaving gets a new one.")
class Enrollment(Node):
    status: records.EnrollmentStatus = strawberry.field(description="The status of the patient in the group.")
    waitlist_position: int | None = strawberry.field(
        description="The position in the waitlist, from 1 without gaps; null if the patient is not on it."
    )
    waitlisted_at: datetime | None = strawberry.field(
        description="When the patient was put on the waitlist. For a reinstated patient who had a seat and waits again,"
        " when the seat was taken back."
    )
    enrolled_at: datetime | None = strawberry.field(description="When the patient got a seat.")
    promoted_at: datetime | None = strawberry.field(description="When the patient moved up from the waitlist.")
    disenrolled_at: datetime | None = strawberry.field(description="When the patient left.")
    disenrollment_reason: str | None = strawberry.field(description="Why the patient left; null if not recorded.")
    start_date: date | None = strawberry.field(
        description="The first day on which the patient is expected, in the group's time zone; null for a patient who"
        " waits without one."
    )
    end_date: date | None = strawberry.field(
        description="The last day on which the patient is expected, in the group's time zone; null if open. An end"
        " that passes ends no enrollment."
    )
    counts_from_start: bool = strawberry.field(
        description="Whether the patient is expected from the beginning of startDate, because a person named it for the"
        " seat. Otherwise from enrolledAt, within that day."
    )
    version: int = strawberry.field(description="Grows with every change; pass it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When the enrollment was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(
        description="When it was removed because it was created in error; null otherwise."
    )

    group_definition = reference(
        GroupDefinition | None,
        GROUPS,
        by="group_definition_id",
        description="The group.",
        permission=PermissionKey.GROUP_DEFINITIONS_VIEW,
    )
    # Mutations return enrollments to callers who may not view any.
    patient = reference(
        Patient | None,
        PATIENTS,
        by="patient_id",
        description="The patient.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
        partial=True,
        joined="patient",
    )

    @strawberry.field(
        graphql_type=WaitlistExplanation | None,
        description="Why the patient waits; null if the patient is not on the waitlist, or would be by a dry run.",
        extensions=[Batch(waitlist_explanations, by="id")],
    )
    @staticmethod
    async def waitlist_explanation(
        parent: strawberry.Parent[records.Enrollment], info: Info
    ) -> ExplanationRecord | None:
        [explained] = await waitlist_explanations([parent.id], info.context)
        return explained

    # The history contains the patient's id.
    history = connection(
        Connection[AuditEntry] | None,
        HISTORY_OF[EntityType.ENROLLMENT],
        description="The changes of the enrollment, newest first.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )

    is_type_of = InstanceOf(records.Enrollment)

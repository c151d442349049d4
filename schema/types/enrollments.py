"""Enrollments, as clients see them."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domain import records
from domain.changes import EntityType
from executor import Batch, InstanceOf, SelectedAttributes
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries import history as histories
from resolvers.queries import references as reference_lists
from resolvers.queries.pages import Page
from schema.arguments import After, First
from schema.batches import fields_of, history_of, to_one
from schema.connections import Connection
from schema.permissions import Info, requires
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.references import Patient

Place = strawberry.Parent[records.Enrollment]


async def _patients(
    ids: Sequence[str], context: Context, selected: SelectedAttributes = None
) -> Sequence[records.Patient | None]:
    return await reference_lists.patients_by_id(context, ids, fields_of(selected))


@strawberry.type(description="One patient's place in one group. Who comes back after leaving gets a new one.")
class Enrollment(Node):
    status: records.EnrollmentStatus = strawberry.field(description="Where the patient stands.")
    waitlist_position: int | None = strawberry.field(
        description="The place in the waitlist, from 1 without gaps; null for who does not wait."
    )
    waitlisted_at: datetime | None = strawberry.field(description="When the patient was put on the waitlist.")
    enrolled_at: datetime | None = strawberry.field(description="When the patient got a seat.")
    promoted_at: datetime | None = strawberry.field(description="When the patient moved up from the waitlist.")
    disenrolled_at: datetime | None = strawberry.field(description="When the patient left.")
    disenrollment_reason: str | None = strawberry.field(description="Why the patient left, where it was told.")
    version: int = strawberry.field(description="Grows with every change; give it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When the record was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(description="When it was removed as made in error; else null.")

    @strawberry.field(
        graphql_type=GroupDefinition | None,
        description="The group.",
        extensions=[
            requires(PermissionKey.GROUP_DEFINITIONS_VIEW),
            to_one(lambda loaders: loaders.group, by="group_definition_id"),
        ],
    )
    @staticmethod
    async def group_definition(parent: Place, info: Info) -> records.GroupDefinition | None:
        return await info.context.loaders.group.load(parent.group_definition_id)

    @strawberry.field(
        graphql_type=Patient | None,
        description="The patient.",
        # Mutations answer with enrollments to callers who may not view any.
        extensions=[
            requires(PermissionKey.GROUP_ENROLLMENTS_VIEW),
            Batch(_patients, by="patient_id", pass_selected=True),
        ],
    )
    @staticmethod
    async def patient(parent: Place, info: Info) -> records.Patient | None:
        return await info.context.loaders.patient.load(parent.patient_id)

    @strawberry.field(
        graphql_type=Connection[AuditEntry] | None,
        description="What was done to it, newest first.",
        # It names the patient.
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_VIEW), history_of(EntityType.ENROLLMENT)],
    )
    @staticmethod
    async def history(
        parent: Place, info: Info, first: First = None, after: After = None
    ) -> Page[histories.HistoryRecord] | None:
        return await histories.history_of_enrollment(info.context, parent.id, first, after)

    is_type_of = InstanceOf(records.Enrollment)

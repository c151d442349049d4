"""Group definitions, as clients see them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from domain import records
from domain.capacity import Capacity as CapacityRecord
from domain.changes import EntityType
from domain.compliance import Compliance as ComplianceRecord
from executor import Batch, InstanceOf, SelectedAttributes
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries import enrollments as enrollment_lists
from resolvers.queries import group_details
from resolvers.queries import history as histories
from resolvers.queries import sessions as schedule_lists
from resolvers.queries.pages import Page
from resolvers.queries.prefetch import Ahead
from schema.arguments import After, Before, First, Last, Statuses
from schema.batches import Foreseen, counts_too, fields_of_nodes, history_of, to_one
from schema.connections import Connection
from schema.filters import OccurrenceFilter
from schema.permissions import Info, requires
from schema.types.capacity import Capacity
from schema.types.compliance import Compliance
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.recurrence import Recurrence
from schema.types.references import Location, StaffMember

if TYPE_CHECKING:
    from schema.types.enrollments import Enrollment
    from schema.types.occurrences import Occurrence

Group = strawberry.Parent[records.GroupDefinition]


async def _occurrences(
    group_ids: Sequence[UUID],
    context: Context,
    filter: OccurrenceFilter | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    selected: SelectedAttributes = None,
) -> list[Page[records.Occurrence]]:
    wanted, fields = filter.wanted() if filter else None, fields_of_nodes(selected)
    return await schedule_lists.sessions_of_groups(context, group_ids, wanted, first, after, last, before, fields)


def _occurrences_ahead(
    filter: OccurrenceFilter | None = None, selected: SelectedAttributes = None, **page: Any
) -> Ahead:
    wanted, fields = filter.wanted() if filter else None, fields_of_nodes(selected)
    return schedule_lists.sessions_ahead(wanted, fields, count=counts_too(selected), **page)


async def _enrollments(
    group_ids: Sequence[UUID],
    context: Context,
    status: list[records.EnrollmentStatus] | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    selected: SelectedAttributes = None,
) -> list[Page[records.Enrollment]]:
    fields = fields_of_nodes(selected)
    return await enrollment_lists.enrollments_of_groups(context, group_ids, status, first, after, last, before, fields)


def _enrollments_ahead(
    status: list[records.EnrollmentStatus] | None = None, selected: SelectedAttributes = None, **page: Any
) -> Ahead:
    return enrollment_lists.enrollments_ahead(status, fields_of_nodes(selected), count=counts_too(selected), **page)


@strawberry.type(description="A therapy group: what it is, who leads it, where, for how many, and how often.")
class GroupDefinition(Node):
    name: str = strawberry.field(description="The group's name.")
    group_type: records.GroupType = strawberry.field(description="The kind of group.")
    time_zone: str = strawberry.field(description="The IANA zone of the group's wall-clock times.")
    max_capacity: int = strawberry.field(description="How many seats the group has.")
    min_capacity: int | None = strawberry.field(description="How many patients it needs to run well.")
    duration_minutes: int = strawberry.field(description="How long a session lasts, in minutes.")
    recurrence: Recurrence | None = strawberry.field(description="How often it meets; null where it has no rule.")
    version: int = strawberry.field(description="Grows with every change; give it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was defined.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted; null while it lives.")

    @strawberry.field(
        graphql_type=StaffMember,
        description="Who leads the group.",
        extensions=[to_one(lambda loaders: loaders.staff_member, by="facilitator_id")],
    )
    @staticmethod
    async def facilitator(parent: Group, info: Info) -> records.StaffMember:
        return await info.context.loaders.staff_member.load(parent.facilitator_id)

    @strawberry.field(
        graphql_type=StaffMember | None,
        description="Who leads it too.",
        extensions=[to_one(lambda loaders: loaders.staff_member, by="co_facilitator_id")],
    )
    @staticmethod
    async def co_facilitator(parent: Group, info: Info) -> records.StaffMember | None:
        if parent.co_facilitator_id is None:
            return None
        return await info.context.loaders.staff_member.load(parent.co_facilitator_id)

    @strawberry.field(
        graphql_type=Location | None,
        description="Where it meets.",
        extensions=[to_one(lambda loaders: loaders.location, by="location_id")],
    )
    @staticmethod
    async def location(parent: Group, info: Info) -> records.Location | None:
        if parent.location_id is None:
            return None
        return await info.context.loaders.location.load(parent.location_id)

    @strawberry.field(
        graphql_type=Capacity,
        description="How its seats stand now.",
        extensions=[Foreseen(group_details.capacities, group_details.capacity_ahead)],
    )
    @staticmethod
    async def capacity(parent: Group, info: Info) -> CapacityRecord:
        return await group_details.capacity(info.context, parent)

    @strawberry.field(
        graphql_type=Compliance | None,
        description="How the week stands against the program's requirements; null unless the group is IOP or PHP.",
        extensions=[Batch(group_details.compliances)],
    )
    @staticmethod
    async def compliance(
        parent: Group,
        info: Info,
        week_of: Annotated[
            date | None, strawberry.argument(description="Any day of the week asked for; by default today.")
        ] = None,
    ) -> ComplianceRecord | None:
        return await group_details.compliance(info.context, parent, week_of)

    @strawberry.field(
        graphql_type=Connection[Annotated["Occurrence", strawberry.lazy("schema.types.occurrences")]] | None,
        description="The group's sessions, in the order of their dates and times.",
        extensions=[
            requires(PermissionKey.GROUP_SCHEDULE_VIEW),
            Foreseen(_occurrences, _occurrences_ahead, by="id", pass_selected=True),
        ],
    )
    @staticmethod
    async def occurrences(
        parent: Group,
        info: Info,
        filter: Annotated[OccurrenceFilter | None, strawberry.argument(description="Only some of them.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[records.Occurrence] | None:
        return await schedule_lists.sessions_of_group(
            info.context, parent.id, filter.wanted() if filter else None, first, after, last, before
        )

    @strawberry.field(
        graphql_type=Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]] | None,
        description="The group's enrollments: the seated, then the waitlist in turn, then past ones.",
        extensions=[
            requires(PermissionKey.GROUP_ENROLLMENTS_VIEW),
            Foreseen(_enrollments, _enrollments_ahead, by="id", pass_selected=True),
        ],
    )
    @staticmethod
    async def enrollments(
        parent: Group,
        info: Info,
        status: Statuses = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[records.Enrollment] | None:
        return await enrollment_lists.enrollments_of_group(info.context, parent.id, status, first, after, last, before)

    @strawberry.field(
        graphql_type=Connection[AuditEntry],
        description="What was done to the group, newest first.",
        extensions=[history_of(EntityType.GROUP_DEFINITION)],
    )
    @staticmethod
    async def history(
        parent: Group, info: Info, first: First = None, after: After = None
    ) -> Page[histories.HistoryRecord]:
        return await histories.history_of_group(info.context, parent.id, first, after)

    is_type_of = InstanceOf(records.GroupDefinition)

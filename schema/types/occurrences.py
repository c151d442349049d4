"""Sessions, as clients see them."""

from datetime import date, datetime, time

import strawberry

from domain import records
from domain.changes import EntityType
from executor import InstanceOf
from resolvers.caller import PermissionKey
from resolvers.queries import history as histories
from resolvers.queries.pages import Page
from schema.arguments import After, First
from schema.batches import history_of, to_one
from schema.connections import Connection
from schema.permissions import Info, requires
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.references import Location, StaffMember

Session = strawberry.Parent[records.Occurrence]


@strawberry.type(description="One session of a group.")
class Occurrence(Node):
    session_date: date = strawberry.field(description="The local date.")
    start_time: time = strawberry.field(description="The local wall-clock time at which it starts.")
    end_time: time = strawberry.field(description="The local wall-clock time at which it ends.")
    time_zone: str = strawberry.field(description="The IANA zone of the date and the times.")
    starts_at: datetime = strawberry.field(description="The instant at which it starts.")
    ends_at: datetime = strawberry.field(description="The instant at which it ends.")
    duration_minutes: int = strawberry.field(description="How many minutes pass between the two instants.")
    status: records.OccurrenceStatus = strawberry.field(description="Where the session stands.")
    cancellation_reason: str | None = strawberry.field(description="Why it was cancelled.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    version: int = strawberry.field(description="Grows with every change; give it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was scheduled.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(
        graphql_type=GroupDefinition | None,
        description="The group that meets.",
        extensions=[
            requires(PermissionKey.GROUP_DEFINITIONS_VIEW),
            to_one(lambda loaders: loaders.group, by="group_definition_id"),
        ],
    )
    @staticmethod
    async def group_definition(parent: Session, info: Info) -> records.GroupDefinition | None:
        return await info.context.loaders.group.load(parent.group_definition_id)

    @strawberry.field(
        graphql_type=StaffMember,
        description="Who leads the session.",
        extensions=[to_one(lambda loaders: loaders.staff_member, by="facilitator_id")],
    )
    @staticmethod
    async def facilitator(parent: Session, info: Info) -> records.StaffMember:
        return await info.context.loaders.staff_member.load(parent.facilitator_id)

    @strawberry.field(
        graphql_type=StaffMember | None,
        description="Who leads it too.",
        extensions=[to_one(lambda loaders: loaders.staff_member, by="co_facilitator_id")],
    )
    @staticmethod
    async def co_facilitator(parent: Session, info: Info) -> records.StaffMember | None:
        if parent.co_facilitator_id is None:
            return None
        return await info.context.loaders.staff_member.load(parent.co_facilitator_id)

    @strawberry.field(
        graphql_type=Location | None,
        description="Where it takes place.",
        extensions=[to_one(lambda loaders: loaders.location, by="location_id")],
    )
    @staticmethod
    async def location(parent: Session, info: Info) -> records.Location | None:
        if parent.location_id is None:
            return None
        return await info.context.loaders.location.load(parent.location_id)

    @strawberry.field(
        graphql_type=Connection[AuditEntry],
        description="What was done to the session, newest first.",
        extensions=[history_of(EntityType.OCCURRENCE)],
    )
    @staticmethod
    async def history(
        parent: Session, info: Info, first: First = None, after: After = None
    ) -> Page[histories.HistoryRecord]:
        return await histories.history_of_session(info.context, parent.id, first, after)

    is_type_of = InstanceOf(records.Occurrence)

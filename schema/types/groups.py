"""Group definitions, as clients see them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.queries.enrollments import ENROLLMENTS_OF_GROUP
from db.queries.history import HISTORY_OF
from db.queries.references import LOCATIONS, STAFF
from db.queries.sessions import SESSIONS_OF_GROUP
from domain import records
from domain.capacity import Capacity as CapacityRecord
from domain.changes import EntityType
from domain.compliance import Compliance as ComplianceRecord
from executor import Batch, InstanceOf
from resolvers.caller import PermissionKey
from resolvers.queries import group_details
from schema.connections import Connection
from schema.filters import by_occurrence_filter, by_status
from schema.permissions import Info
from schema.relations import PrefetchBatch, connection, reference
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


@strawberry.type(description="A therapy group: its type, leaders, location, capacity and recurrence.")
class GroupDefinition(Node):
    name: str = strawberry.field(description="The group's name.")
    group_type: records.GroupType = strawberry.field(description="The type of the group.")
    time_zone: str = strawberry.field(description="The IANA zone of the group's wall-clock times.")
    max_capacity: int = strawberry.field(description="The number of seats.")
    min_capacity: int | None = strawberry.field(
        description="The number of patients that the group needs to run well; null if not set."
    )
    duration_minutes: int = strawberry.field(description="The duration of a session in minutes.")
    recurrence: Recurrence | None = strawberry.field(description="How often the group meets; null without a rule.")
    version: int = strawberry.field(description="Grows with every change; pass it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When the group was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted; null if it is not deleted.")

    facilitator = reference(StaffMember, STAFF, by="facilitator_id", description="The member of staff who leads it.")
    co_facilitator = reference(
        StaffMember | None, STAFF, by="co_facilitator_id", description="The member of staff who co-leads it."
    )
    location = reference(Location | None, LOCATIONS, by="location_id", description="Where the group meets.")

    @strawberry.field(
        graphql_type=Capacity,
        description="The group's seats at present.",
        extensions=[PrefetchBatch(group_details.capacities, group_details.prefetch_capacity)],
    )
    @staticmethod
    async def capacity(parent: Group, info: Info) -> CapacityRecord:
        return await group_details.capacity(info.context, parent)

    @strawberry.field(
        graphql_type=Compliance | None,
        description="The week compared with the program's requirements; null unless the group is IOP or PHP.",
        extensions=[Batch(group_details.compliances)],
    )
    @staticmethod
    async def compliance(
        parent: Group,
        info: Info,
        week_of: Annotated[
            date | None, strawberry.argument(description="Any day of the week; by default today.")
        ] = None,
    ) -> ComplianceRecord | None:
        return await group_details.compliance(info.context, parent, week_of)

    occurrences = connection(
        Connection[Annotated["Occurrence", strawberry.lazy("schema.types.occurrences")]] | None,
        SESSIONS_OF_GROUP,
        description="The group's sessions, by date and time.",
        arguments=by_occurrence_filter,
        permission=PermissionKey.GROUP_SCHEDULE_VIEW,
    )
    enrollments = connection(
        Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]] | None,
        ENROLLMENTS_OF_GROUP,
        description="The group's enrollments: seated patients, then the waitlist in its order, then past enrollments.",
        arguments=by_status,
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )
    history = connection(
        Connection[AuditEntry],
        HISTORY_OF[EntityType.GROUP_DEFINITION],
        description="The changes of the group, newest first.",
    )

    is_type_of = InstanceOf(records.GroupDefinition)

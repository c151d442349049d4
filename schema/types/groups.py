"""Group definitions, as clients see them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.queries.history import HISTORY_OF
from db.queries.references import LOCATIONS, STAFF
from domain import records
from domain.capacity import Capacity as CapacityRecord
from domain.changes import EntityType
from domain.compliance import Compliance as ComplianceRecord
from domain.rule_sets import ComplianceRuleSet as RuleSetRecord
from executor import Batch, FromAttribute, InstanceOf
from resolvers.caller import PermissionKey
from resolvers.queries import capacity as capacities
from resolvers.queries import compliance as compliances
from resolvers.queries import schedule_drift as drifts
from schema.admission.cost_directives import CostWeight, ListSize
from schema.connections import Connection
from schema.filters import enrollments_of_group, sessions_of_group
from schema.permissions import Info
from schema.relations import PrefetchBatch, connection, reference
from schema.types.capacity import Capacity
from schema.types.compliance import Compliance, ComplianceRuleSet
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.recurrence import Recurrence
from schema.types.references import Location, StaffMember
from schema.types.schedule_drift import ScheduleDrift

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
        extensions=[PrefetchBatch(capacities.capacities, capacities.prefetch_capacity)],
    )
    @staticmethod
    async def capacity(parent: Group, info: Info) -> CapacityRecord:
        return await capacities.capacity(info.context, parent)

    counts_toward: list[records.GroupType] = strawberry.field(
        description="The programs, IOP and PHP, for whose patients its sessions count.",
        directives=[ListSize(assumed_size=2)],
        extensions=[FromAttribute("programs")],
    )

    @strawberry.field(
        graphql_type=ComplianceRuleSet | None,
        description="The rule set that its weeks are compared with; null unless the group is IOP or PHP.",
        extensions=[Batch(compliances.rule_sets)],
    )
    @staticmethod
    async def compliance_rule_set(parent: Group, info: Info) -> RuleSetRecord | None:
        return compliances.rule_set(info.context, parent)

    @strawberry.field(
        graphql_type=list[Compliance] | None,
        description="The coming weeks compared with the program's requirements; null unless the group is IOP or PHP."
        " Only the group's own hours are counted.",
        directives=[ListSize(assumed_size=compliances.MOST_WEEKS)],
        extensions=[Batch(compliances.forecasts)],
    )
    @staticmethod
    async def compliance_forecast(
        parent: Group,
        info: Info,
        from_: Annotated[
            date | None,
            strawberry.argument(name="from", description="Any day of the first week; by default today."),
        ] = None,
        weeks: Annotated[int | None, strawberry.argument(description="The number of weeks, 1 to 26.")] = 8,
    ) -> list[ComplianceRecord] | None:
        [forecast] = await compliances.forecasts([parent], info.context, from_, weeks)
        return forecast

    @strawberry.field(
        graphql_type=Compliance | None,
        description="The week compared with the program's requirements; null unless the group is IOP or PHP. Only the"
        " group's own hours are counted.",
        extensions=[Batch(compliances.compliances)],
    )
    @staticmethod
    async def compliance(
        parent: Group,
        info: Info,
        week_of: Annotated[
            date | None, strawberry.argument(description="Any day of the week; by default today.")
        ] = None,
    ) -> ComplianceRecord | None:
        return await compliances.compliance(info.context, parent, week_of)

    @strawberry.field(
        graphql_type=ScheduleDrift,
        description="How the group's calendar differs from its definition: the sessions that reconcileOccurrences would"
        " create, move, update or cancel. Sessions that were changed by hand, or have begun, do not count.",
        directives=[CostWeight(weight="1000")],
        extensions=[Batch(drifts.schedule_drifts)],
    )
    @staticmethod
    async def schedule_drift(
        parent: Group,
        info: Info,
        from_: Annotated[
            date | None, strawberry.argument(name="from", description="The first day; by default today.")
        ] = None,
        through: Annotated[
            date | None,
            strawberry.argument(
                description="The last day, at most 24 months after the first; by default that of the last scheduled"
                " session."
            ),
        ] = None,
    ) -> drifts.ScheduleDrift:
        [drift] = await drifts.schedule_drifts((parent,), info.context, from_, through)
        return drift

    occurrences = connection(
        Connection[Annotated["Occurrence", strawberry.lazy("schema.types.occurrences")]] | None,
        sessions_of_group,
        description="The group's sessions, by date and time unless orderBy is given.",
        permission=PermissionKey.GROUP_SCHEDULE_VIEW,
    )
    enrollments = connection(
        Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]] | None,
        enrollments_of_group,
        description="The group's enrollments: seated patients, then the waitlist in its order, then past enrollments.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )
    history = connection(
        Connection[AuditEntry],
        HISTORY_OF[EntityType.GROUP_DEFINITION],
        description="The changes of the group, newest first.",
    )

    is_type_of = InstanceOf(records.GroupDefinition)

"""Sessions, as clients see them."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.queries.attendance import ROSTER
from db.queries.groups import GROUPS
from db.queries.history import HISTORY_OF
from db.queries.references import LOCATIONS, STAFF
from domain import records
from domain.changes import EntityType
from domain.conflicts import Conflict as ConflictRecord
from executor import Batch, InstanceOf
from resolvers.caller import PermissionKey
from resolvers.queries.conflicts import conflicts_of_session, conflicts_of_sessions
from resolvers.queries.rosters import expected_at, prefetch_expected
from schema.admission.cost_directives import CostWeight, ListSize
from schema.connections import Connection
from schema.permissions import Info
from schema.relations import PrefetchBatch, connection, reference
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.references import Location, StaffMember

if TYPE_CHECKING:
    from schema.types.conflicts import Conflict
    from schema.types.enrollments import Enrollment


@strawberry.type(description="A session of a group.")
class Occurrence(Node):
    session_date: date = strawberry.field(description="The local date.")
    start_time: time = strawberry.field(description="The local wall-clock time at which it starts.")
    end_time: time = strawberry.field(description="The local wall-clock time at which it ends.")
    time_zone: str = strawberry.field(description="The IANA zone of the date and the times.")
    starts_at: datetime = strawberry.field(description="The instant at which it starts.")
    ends_at: datetime = strawberry.field(description="The instant at which it ends.")
    duration_minutes: int = strawberry.field(description="The minutes between the two instants.")
    status: records.OccurrenceStatus = strawberry.field(description="The status of the session.")
    cancellation_reason: str | None = strawberry.field(description="Why it was cancelled.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    recurrence_date: date | None = strawberry.field(
        description="The day of the group's recurrence that it fills (RFC 5545, RECURRENCE-ID), also if it was moved;"
        " null if it was added by hand."
    )
    edited: bool = strawberry.field(
        description="Whether someone has changed it by hand since it was scheduled. Reconciling leaves it alone, unless"
        " includeEdited is true."
    )
    version: int = strawberry.field(description="Grows with every change; pass it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When the session was scheduled.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    group_definition = reference(
        GroupDefinition | None,
        GROUPS,
        by="group_definition_id",
        description="The group that meets.",
        permission=PermissionKey.GROUP_DEFINITIONS_VIEW,
    )
    facilitator = reference(StaffMember, STAFF, by="facilitator_id", description="The member of staff who leads it.")
    co_facilitator = reference(
        StaffMember | None, STAFF, by="co_facilitator_id", description="The member of staff who co-leads it."
    )
    location = reference(Location | None, LOCATIONS, by="location_id", description="Where the session takes place.")
    history = connection(
        Connection[AuditEntry],
        HISTORY_OF[EntityType.OCCURRENCE],
        description="The changes of the session, newest first.",
    )

    @strawberry.field(
        description="The number of patients expected at it: the length of its roster.",
        extensions=[PrefetchBatch(expected_at, prefetch_expected, by="id")],
    )
    @staticmethod
    async def expected(parent: strawberry.Parent[records.Occurrence], info: Info) -> int:
        [count] = await expected_at([parent.id], info.context)
        return count

    roster = connection(
        Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]] | None,
        ROSTER,
        description="The enrollments of the patients who are expected at it, one for each, in the order in which they"
        " were created. They had a seat when it started, and its date is within their stay, so the roster of a past"
        " session is who was expected then. Nobody is expected at a cancelled session.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )

    @strawberry.field(
        graphql_type=list[Annotated["Conflict", strawberry.lazy("schema.types.conflicts")]],
        description="What this session clashes with, by the start of the overlap; empty if it is cancelled. Those of"
        " patients are left out for callers who may not view enrollments.",
        directives=[ListSize(assumed_size=10), CostWeight(weight="5")],
        extensions=[Batch(conflicts_of_sessions, by="id")],
    )
    @staticmethod
    async def conflicts(parent: strawberry.Parent[records.Occurrence], info: Info) -> list[ConflictRecord]:
        return await conflicts_of_session(info.context, parent.id)

    is_type_of = InstanceOf(records.Occurrence)

"""The queries."""

from datetime import date
from typing import Annotated

import strawberry

from domain import records
from domain.selections import GroupOrder
from executor import ContextOnly
from resolvers.caller import PermissionKey
from resolvers.queries import enrollments as enrollment_lists
from resolvers.queries import groups as group_lists
from resolvers.queries import node as nodes
from resolvers.queries import recurrences
from resolvers.queries import references as reference_lists
from resolvers.queries import sessions as schedule_lists
from resolvers.queries.by_id import ENROLLMENT, GROUP, PATIENT, SESSION
from resolvers.queries.pages import Page
from schema.admission.cost_directives import CostWeight
from schema.arguments import After, Before, First, Last, Search
from schema.batches import by_id
from schema.connections import Connection
from schema.filters import GroupDefinitionFilter, OccurrenceFilter
from schema.inputs import RecurrenceInput
from schema.permissions import Info, requires
from schema.types import (
    Enrollment,
    GroupDefinition,
    Location,
    Occurrence,
    Patient,
    RecurrencePreview,
    StaffMember,
)
from schema.types.node import Node
from schema.user_errors import user_errors

_GROUPS = PermissionKey.GROUP_DEFINITIONS_VIEW
_SCHEDULE = PermissionKey.GROUP_SCHEDULE_VIEW
_ENROLLMENTS = PermissionKey.GROUP_ENROLLMENTS_VIEW

OurId = Annotated[strawberry.ID, strawberry.argument(description="The id, a UUID.")]
SessionFilter = Annotated[OccurrenceFilter | None, strawberry.argument(description="Only some of them.")]


@strawberry.type(description="Who is asking.")
class Viewer:
    id: strawberry.ID = strawberry.field(description="Your id at the identity provider.")
    organization_id: strawberry.ID = strawberry.field(description="Your organization; you see its records only.")
    permissions: list[str] = strawberry.field(description="The permission keys that you hold, in order.")


@strawberry.type(description="Everything that can be asked. An id of another organization is as if it did not exist.")
class Query:
    @strawberry.field(
        graphql_type=Node | None,
        description="Anything by its id; null for an unknown id, and where you may not view that type.",
    )
    @staticmethod
    async def node(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> nodes.Found | None:
        return await nodes.node(info.context, id)

    @strawberry.field(description="Who is asking, and what they may do.", extensions=[ContextOnly()])
    @staticmethod
    def viewer(info: Info) -> Viewer:
        caller = info.context.caller
        return Viewer(
            id=strawberry.ID(caller.subject),
            organization_id=strawberry.ID(caller.organization_id),
            permissions=sorted(caller.permissions),
        )

    @strawberry.field(
        graphql_type=GroupDefinition | None,
        description="A group by its id, also when it is deleted.",
        extensions=[requires(_GROUPS), by_id(GROUP)],
    )
    @staticmethod
    async def group_definition(info: Info, id: OurId) -> records.GroupDefinition | None:
        return await group_lists.group(info.context, id)

    @strawberry.field(
        graphql_type=Connection[GroupDefinition],
        description="The organization's groups.",
        extensions=[requires(_GROUPS), ContextOnly()],
    )
    @staticmethod
    async def group_definitions(
        info: Info,
        filter: Annotated[GroupDefinitionFilter | None, strawberry.argument(description="Only some of them.")] = None,
        order_by: Annotated[
            GroupOrder | None, strawberry.argument(description="Their order; NAME_ASC by default.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[records.GroupDefinition]:
        wanted = filter.wanted() if filter else None
        return await group_lists.groups(info.context, wanted, order_by, first, after, last, before)

    @strawberry.field(
        graphql_type=Occurrence | None,
        description="A session by its id.",
        extensions=[requires(_SCHEDULE), by_id(SESSION)],
    )
    @staticmethod
    async def occurrence(info: Info, id: OurId) -> records.Occurrence | None:
        return await schedule_lists.session(info.context, id)

    @strawberry.field(
        graphql_type=Connection[Occurrence],
        description="The organization's calendar: the sessions of all groups, by local date and time.",
        extensions=[requires(_SCHEDULE), ContextOnly()],
    )
    @staticmethod
    async def occurrences(
        info: Info,
        filter: SessionFilter = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[records.Occurrence]:
        wanted = filter.wanted() if filter else None
        return await schedule_lists.sessions(info.context, wanted, first, after, last, before)

    @strawberry.field(
        graphql_type=Enrollment | None,
        description="An enrollment by its id, also when it is removed.",
        extensions=[
            requires(_ENROLLMENTS),
            by_id(ENROLLMENT),
        ],
    )
    @staticmethod
    async def enrollment(info: Info, id: OurId) -> records.Enrollment | None:
        return await enrollment_lists.enrollment(info.context, id)

    @strawberry.field(
        graphql_type=Patient | None,
        description="A patient by the registry's id.",
        extensions=[
            requires(_ENROLLMENTS),
            by_id(PATIENT),
        ],
    )
    @staticmethod
    async def patient(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The registry's id.")]
    ) -> records.Patient | None:
        return await reference_lists.patient(info.context, id)

    @strawberry.field(
        graphql_type=Connection[Patient],
        description="Patients by name. The search looks in names, record numbers and birth dates (1987-03-14).",
        extensions=[requires(_ENROLLMENTS), ContextOnly()],
    )
    @staticmethod
    async def patients(
        info: Info, search: Search = None, first: First = None, after: After = None
    ) -> Page[records.Patient]:
        return await reference_lists.patients(info.context, search, first, after)

    @strawberry.field(
        graphql_type=Connection[StaffMember],
        description="Staff by name.",
        extensions=[requires(_GROUPS), ContextOnly()],
    )
    @staticmethod
    async def staff_members(
        info: Info, search: Search = None, first: First = None, after: After = None
    ) -> Page[records.StaffMember]:
        return await reference_lists.staff_members(info.context, search, first, after)

    @strawberry.field(
        graphql_type=Connection[Location],
        description="Places by site and room.",
        extensions=[requires(_GROUPS), ContextOnly()],
    )
    @staticmethod
    async def locations(
        info: Info, search: Search = None, first: First = None, after: After = None
    ) -> Page[records.Location]:
        return await reference_lists.locations(info.context, search, first, after)

    @strawberry.field(
        description="The days of a recurrence, without storing anything.",
        directives=[CostWeight(weight="500")],
        extensions=[requires(_SCHEDULE), ContextOnly()],
    )
    @staticmethod
    async def recurrence_preview(
        info: Info,
        recurrence: Annotated[RecurrenceInput, strawberry.argument(description="The recurrence to try.")],
        from_: Annotated[
            date | None,
            strawberry.argument(name="from", description="The first day; by default the recurrence's start date."),
        ] = None,
        through: Annotated[
            date | None, strawberry.argument(description="The last day; by default, and at most, 24 months on.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="How many days at most, 1 to 1,000.")] = 50,
    ) -> RecurrencePreview:
        found = await recurrences.preview(info.context, recurrence.draft(), from_, through, first)
        errors = user_errors(found.refusal) if found.refusal else []
        return RecurrencePreview(dates=found.dates, summary=found.summary, user_errors=errors)

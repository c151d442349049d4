"""The fields of the query type."""

from datetime import date
from typing import Annotated

import strawberry

from db.queries.calendar_feeds import CALENDAR_FEEDS, CalendarFeedFilter
from db.queries.enrollments import ENROLLMENTS
from db.queries.groups import GROUPS
from db.queries.references import PATIENTS
from db.queries.sessions import SESSIONS
from domain.conflicts import Conflict as ConflictRecord
from domain.conflicts import ConflictKind
from domain.records import CalendarFeed as CalendarFeedRecord
from domain.rule_sets import MAX_RULE_SETS
from domain.rule_sets import ComplianceRuleSet as RuleSetRecord
from executor import ContextOnly
from resolvers.arguments import registry_id, uuid
from resolvers.caller import PermissionKey
from resolvers.ids import LOCATION_IDS
from resolvers.queries import node as node_queries
from resolvers.queries import recurrences
from resolvers.queries.computed_pages import ComputedPage
from resolvers.queries.conflicts import conflict_page
from resolvers.queries.lists import PageNeeds, page_of_organization
from resolvers.queries.pages import Page
from schema.admission.cost_directives import CostWeight, ListSize
from schema.arguments import After, Before, First, Last
from schema.connections import Connection
from schema.enrollment_filters import list_of_enrollments
from schema.filters import (
    list_of_closures,
    list_of_groups,
    list_of_locations,
    list_of_patients,
    list_of_sessions,
    list_of_staff,
    patient_id_argument,
    uuid_argument,
)
from schema.inputs import RecurrenceInput
from schema.permissions import Info, requires
from schema.program_board import program_board
from schema.root_fields import node_by_id, organization_list, record_by_id
from schema.types import (
    CalendarFeed,
    Closure,
    ComplianceRuleSet,
    Conflict,
    Enrollment,
    GroupDefinition,
    Location,
    Occurrence,
    Patient,
    RecurrencePreview,
    StaffMember,
)
from schema.types.node import Node

_GROUPS = PermissionKey.GROUP_DEFINITIONS_VIEW
_SCHEDULE = PermissionKey.GROUP_SCHEDULE_VIEW
_ENROLLMENTS = PermissionKey.GROUP_ENROLLMENTS_VIEW


@strawberry.type(description="The caller.")
class Viewer:
    id: strawberry.ID = strawberry.field(description="Your id at the identity provider.")
    organization_id: strawberry.ID = strawberry.field(description="Your organization. You see only its records.")
    permissions: list[str] = strawberry.field(
        description="The permission keys that you hold, sorted.",
        directives=[ListSize(assumed_size=len(PermissionKey))],
    )


@strawberry.type(description="All queries. A record of another organization is treated as if it did not exist.")
class Query:
    node = node_by_id(
        Node | None, description="Any record by its id; null if the id is unknown, or if you may not view that type."
    )

    @strawberry.field(
        graphql_type=list[Node | None],
        description="The records with the ids, in their order; null where `node` would be null.",
        extensions=[ContextOnly()],
    )
    @staticmethod
    async def nodes(
        info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="1 to 200 ids.")]
    ) -> list[node_queries.NodeRecord | None]:
        return await node_queries.nodes(info.context, ids)

    @strawberry.field(description="The caller and their permissions.", extensions=[ContextOnly()])
    @staticmethod
    def viewer(info: Info) -> Viewer:
        caller = info.context.caller
        return Viewer(
            id=strawberry.ID(caller.subject),
            organization_id=strawberry.ID(caller.organization_id),
            permissions=sorted(caller.permissions),
        )

    group_definition = record_by_id(
        GroupDefinition | None,
        GROUPS,
        description="A group by its id, deleted or not.",
        arguments=uuid_argument,
        permission=_GROUPS,
    )

    group_definitions = organization_list(
        Connection[GroupDefinition] | None, list_of_groups, description="The organization's groups.", permission=_GROUPS
    )
    occurrence = record_by_id(
        Occurrence | None, SESSIONS, description="A session by its id.", arguments=uuid_argument, permission=_SCHEDULE
    )

    occurrences = organization_list(
        Connection[Occurrence] | None,
        list_of_sessions,
        description="The organization's calendar: the sessions of all groups, by local date and time.",
        permission=_SCHEDULE,
    )
    closures = organization_list(
        Connection[Closure] | None,
        list_of_closures,
        description="The organization's closures, by their first day. Each condition narrows the list further.",
        permission=_SCHEDULE,
    )

    @strawberry.field(
        graphql_type=Connection[CalendarFeed] | None,
        description="Your calendar feeds, in the order in which they were created. With pm.group_schedule.edit, those"
        " of everyone in the organization.",
        extensions=[requires(_SCHEDULE), ContextOnly()],
    )
    @staticmethod
    async def calendar_feeds(
        info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Page[CalendarFeedRecord]:
        context = info.context
        owner_id = None if context.has(PermissionKey.GROUP_SCHEDULE_EDIT) else context.caller.subject
        page = {"first": first, "after": after, "last": last, "before": before}
        needs = PageNeeds(records=True, fields=None, length=False)
        return await page_of_organization(context, CALENDAR_FEEDS, CalendarFeedFilter(owner_id), needs, **page)

    enrollment = record_by_id(
        Enrollment | None,
        ENROLLMENTS,
        description="An enrollment by its id, removed or not.",
        arguments=uuid_argument,
        permission=_ENROLLMENTS,
    )
    enrollments = organization_list(
        Connection[Enrollment] | None,
        list_of_enrollments,
        description="The enrollments of all groups, also of deleted ones.",
        permission=_ENROLLMENTS,
    )
    patient = record_by_id(
        Patient | None,
        PATIENTS,
        description="A patient by the id.",
        arguments=patient_id_argument,
        permission=_ENROLLMENTS,
    )

    patients = organization_list(
        Connection[Patient] | None,
        list_of_patients,
        description="Patients by name. A search lists exact matches first. It covers names (Rivera, Dana),"
        " record numbers and birth dates (1987-03-14).",
        permission=_ENROLLMENTS,
    )
    staff_members = organization_list(
        Connection[StaffMember] | None, list_of_staff, description="Staff by name.", permission=_GROUPS
    )
    locations = organization_list(
        Connection[Location] | None, list_of_locations, description="Locations by site and room.", permission=_GROUPS
    )

    @strawberry.field(
        graphql_type=Connection[Conflict] | None,
        description="The conflicts in which a session of some days has a part, by the start of the overlap. Those of"
        " patients are left out for callers who may not view enrollments.",
        directives=[CostWeight(weight="500")],
        extensions=[requires(_SCHEDULE), ContextOnly()],
    )
    @staticmethod
    async def conflicts(
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from", description="The first local date.")],
        through: Annotated[date, strawberry.argument(description="The last local date, at most 61 days later.")],
        kinds: Annotated[
            list[ConflictKind] | None, strawberry.argument(description="Only conflicts of these kinds.")
        ] = None,
        group_definition_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only conflicts of this group's sessions.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ComputedPage[ConflictRecord]:
        group_id = None if group_definition_id is None else uuid(group_definition_id, "groupDefinitionId")
        page = {"first": first, "after": after, "last": last, "before": before}
        return await conflict_page(info.context, from_, through, kinds, group_id, **page)

    @strawberry.field(
        graphql_type=list[ComplianceRuleSet] | None,
        description="The rule sets for IOP and PHP groups, by program and id.",
        directives=[ListSize(assumed_size=MAX_RULE_SETS)],
        extensions=[requires(_GROUPS), ContextOnly()],
    )
    @staticmethod
    def compliance_rule_sets(info: Info) -> list[RuleSetRecord]:
        return sorted(info.context.clinic.rule_sets, key=lambda rules: (rules.program, rules.id))

    program_compliance = program_board()

    @strawberry.field(
        graphql_type=RecurrencePreview | None,
        description="The dates of a recurrence, without those on which a closure keeps the group from meeting. Nothing"
        " is stored. Times in UTC are converted to the time zone of DTSTART, if it has one, or else to the clinic's.",
        directives=[CostWeight(weight="500")],
        extensions=[requires(_SCHEDULE), ContextOnly()],
    )
    @staticmethod
    async def recurrence_preview(
        info: Info,
        recurrence: Annotated[RecurrenceInput, strawberry.argument(description="The recurrence.")],
        from_: Annotated[
            date | None,
            strawberry.argument(name="from", description="The first date; by default the recurrence's start date."),
        ] = None,
        through: Annotated[
            date | None, strawberry.argument(description="The last date; by default, and at most, 24 months later.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="The maximum number of dates, 1 to 1,000.")] = 50,
        location_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The group's location; by default only the organization's closures count."),
        ] = None,
    ) -> RecurrencePreview:
        preview = await recurrences.preview(
            info.context,
            recurrence.draft(),
            from_,
            through,
            first,
            registry_id(LOCATION_IDS, location_id, "locationId"),
        )
        return RecurrencePreview(
            dates=preview.dates,
            closed_dates=preview.closed_dates,
            summary=preview.summary,
            user_errors=preview.faults,
        )

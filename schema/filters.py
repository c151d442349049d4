"""Arguments of fields as the filters and ids that resolvers take."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from db.queries.attendance import SESSIONS_OF_PATIENT
from db.queries.closures import CLOSURES, ClosureFilter
from db.queries.enrollments import ENROLLMENTS_OF_GROUP, ENROLLMENTS_OF_PATIENT, EnrollmentFilter
from db.queries.groups import GROUPS_BY, GroupFilter, GroupOrder
from db.queries.lengths import FilteredRelation
from db.queries.references import LOCATIONS, PATIENTS, STAFF, PatientFilter, SearchFilter
from db.queries.sessions import SESSIONS_BY, SESSIONS_OF_GROUP_BY, SessionFilter, SessionOrder
from db.sql.listings import Listing
from domain.records import (
    CapacityStatus,
    Closure,
    EnrollmentStatus,
    GroupDefinition,
    GroupType,
    Location,
    Occurrence,
    OccurrenceStatus,
    Patient,
    StaffMember,
)
from resolvers import arguments
from resolvers.ids import LOCATION_IDS, PATIENT_IDS, STAFF_IDS
from schema.arguments import Active, Search, SearchOfPatients, Statuses


@strawberry.input(description="Which groups to list. Each condition narrows the list further.")
class GroupDefinitionFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only names that contain each of these words, in any order. Case, accents, apostrophes and hyphens"
        " are ignored. At most 10 words.",
    )
    group_type: list[GroupType] | None = strawberry.field(default=None, description="Only groups of these types.")
    facilitator_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only groups that this member of staff leads or co-leads."
    )
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Only groups at this location.")
    capacity_status: list[CapacityStatus] | None = strawberry.field(
        default=None, description="Only groups with one of these capacity statuses."
    )
    include_deleted: bool | None = strawberry.field(default=False, description="Whether to list deleted groups too.")
    below_minimum: bool | None = strawberry.field(
        default=None,
        description="Only groups whose capacity is belowMinimum: fewer patients have a seat than minCapacity. With"
        " `false`, only the other groups, among them those without minCapacity.",
    )
    updated_since: datetime | None = strawberry.field(
        default=None,
        description="Only groups whose updatedAt is not before this instant. Changes of their sessions and enrollments"
        " do not count.",
    )

    def group_filter(self) -> GroupFilter:
        """Return the filter of the list. Raise BadInput."""
        return GroupFilter(
            search=arguments.search(self.search, "filter.search"),
            group_types=None if self.group_type is None else frozenset(self.group_type),
            facilitator_id=arguments.registry_id(STAFF_IDS, self.facilitator_id, "filter.facilitatorId"),
            location_id=arguments.registry_id(LOCATION_IDS, self.location_id, "filter.locationId"),
            capacity_statuses=None if self.capacity_status is None else frozenset(self.capacity_status),
            include_deleted=bool(self.include_deleted),
            below_minimum=self.below_minimum,
            updated_since=arguments.instant(self.updated_since, "filter.updatedSince"),
        )


@strawberry.input(description="Which sessions to list. Each condition narrows the list further.")
class OccurrenceFilter:
    from_: date | None = strawberry.field(default=None, name="from", description="The first local date, included.")
    through: date | None = strawberry.field(default=None, description="The last local date, included.")
    status: list[OccurrenceStatus] | None = strawberry.field(
        default=None, description="Only sessions with one of these statuses."
    )
    facilitator_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only sessions that this member of staff leads or co-leads."
    )
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Only sessions at this location.")
    group_definition_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only sessions of this group."
    )
    facilitator_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Only sessions that one of these members of staff leads or co-leads. At most 100 ids.",
    )
    location_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only sessions at one of these locations. At most 100 ids."
    )
    updated_since: datetime | None = strawberry.field(
        default=None, description="Only sessions whose updatedAt is not before this instant."
    )

    def session_filter(self) -> SessionFilter:
        """Return the filter of the list. Raise BadInput."""
        arguments.in_order(self.from_, self.through, "filter.through")
        return SessionFilter(
            from_date=self.from_,
            through_date=self.through,
            statuses=None if self.status is None else frozenset(self.status),
            facilitator_id=arguments.registry_id(STAFF_IDS, self.facilitator_id, "filter.facilitatorId"),
            location_id=arguments.registry_id(LOCATION_IDS, self.location_id, "filter.locationId"),
            group_id=None
            if self.group_definition_id is None
            else arguments.uuid(self.group_definition_id, "filter.groupDefinitionId"),
            facilitator_ids=arguments.registry_ids(STAFF_IDS, self.facilitator_ids, "filter.facilitatorIds"),
            location_ids=arguments.registry_ids(LOCATION_IDS, self.location_ids, "filter.locationIds"),
            updated_since=arguments.instant(self.updated_since, "filter.updatedSince"),
        )


FilterOfOccurrences = Annotated[
    OccurrenceFilter | None, strawberry.argument(description="Only occurrences that match this filter.")
]


OrderOfOccurrences = Annotated[
    SessionOrder | None, strawberry.argument(description="The order; STARTS_AT_ASC by default.")
]


def enrollments_of_group(status: Statuses = None) -> FilteredRelation:
    """Return a group's enrollments, and their filter."""
    return FilteredRelation(ENROLLMENTS_OF_GROUP, _with_status(status))


def enrollments_of_patient(status: Statuses = None) -> FilteredRelation:
    """Return a patient's enrollments, and their filter."""
    return FilteredRelation(ENROLLMENTS_OF_PATIENT, _with_status(status))


def _with_status(status: list[EnrollmentStatus] | None) -> EnrollmentFilter:
    return EnrollmentFilter(None if status is None else frozenset(status))


def sessions_of_group(filter: FilterOfOccurrences = None, order_by: OrderOfOccurrences = None) -> FilteredRelation:
    """Return a group's sessions in an order, and their filter. Raise BadInput."""
    return FilteredRelation(SESSIONS_OF_GROUP_BY[order_by or SessionOrder.STARTS_AT_ASC], _session_filter(filter))


def sessions_of_patient(
    from_: Annotated[date, strawberry.argument(name="from", description="The first local date, included.")],
    through: Annotated[date, strawberry.argument(description="The last local date, included.")],
) -> FilteredRelation:
    """Return the sessions at which a patient is expected, and their filter. Raise BadInput."""
    arguments.in_order(from_, through)
    return FilteredRelation(SESSIONS_OF_PATIENT, SessionFilter(from_date=from_, through_date=through))


def _session_filter(filter: OccurrenceFilter | None) -> SessionFilter:
    return SessionFilter() if filter is None else filter.session_filter()


def list_of_groups(
    filter: Annotated[
        GroupDefinitionFilter | None, strawberry.argument(description="Only groups that match this filter.")
    ] = None,
    order_by: Annotated[GroupOrder | None, strawberry.argument(description="The order; NAME_ASC by default.")] = None,
) -> tuple[Listing[GroupDefinition], GroupFilter]:
    """Return the groups in an order, and their filter. Raise BadInput."""
    return GROUPS_BY[order_by or GroupOrder.NAME_ASC], filter.group_filter() if filter else GroupFilter()


def list_of_closures(
    from_: Annotated[
        date | None, strawberry.argument(name="from", description="Only closures that end on this day or later.")
    ] = None,
    through: Annotated[
        date | None, strawberry.argument(description="Only closures that start on this day or earlier.")
    ] = None,
    location_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="Only closures that close this location: its own, its site's and the organization's."
        ),
    ] = None,
) -> tuple[Listing[Closure], ClosureFilter]:
    """Return the closures, and their filter. Raise BadInput."""
    arguments.in_order(from_, through)
    return CLOSURES, ClosureFilter(from_, through, arguments.registry_id(LOCATION_IDS, location_id, "locationId"))


def list_of_sessions(
    filter: FilterOfOccurrences = None, order_by: OrderOfOccurrences = None
) -> tuple[Listing[Occurrence], SessionFilter]:
    """Return the sessions in an order, and their filter. Raise BadInput."""
    return SESSIONS_BY[order_by or SessionOrder.STARTS_AT_ASC], _session_filter(filter)


def list_of_patients(search: SearchOfPatients = None, active: Active = None) -> tuple[Listing[Patient], PatientFilter]:
    """Return the patients, and their filter. Raise BadInput."""
    return PATIENTS, PatientFilter(arguments.search(search, "search"), active)


def list_of_staff(search: Search = None, active: Active = None) -> tuple[Listing[StaffMember], SearchFilter]:
    """Return the staff, and its filter. Raise BadInput."""
    return STAFF, SearchFilter(arguments.search(search, "search"), active)


def list_of_locations(search: Search = None, active: Active = None) -> tuple[Listing[Location], SearchFilter]:
    """Return the locations, and their filter. Raise BadInput."""
    return LOCATIONS, SearchFilter(arguments.search(search, "search"), active)


def uuid_argument(id: Annotated[strawberry.ID, strawberry.argument(description="The id, a UUID.")]) -> UUID:
    """Return the id of a group, session or enrollment. Raise BadInput."""
    return arguments.uuid(id, "id")


def patient_id_argument(
    id: Annotated[strawberry.ID, strawberry.argument(description="The id or the registryId.")],
) -> str:
    """Return the registry's id of a patient. Raise BadInput."""
    arguments.storable(id, "id")
    return PATIENT_IDS.registry_id(id)

"""Arguments of fields as the filters and ids that resolvers take."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from db.queries.closures import CLOSURES, ClosureFilter
from db.queries.enrollments import EnrollmentFilter
from db.queries.groups import GROUPS_BY, GroupFilter, GroupOrder
from db.queries.references import LOCATIONS, PATIENTS, STAFF, PatientFilter, SearchFilter
from db.queries.sessions import SESSIONS, SessionFilter
from db.sql.listings import Listing
from domain.records import (
    CapacityStatus,
    Closure,
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
from schema.arguments import Search, Statuses


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

    def group_filter(self) -> GroupFilter:
        """Return the filter of the list. Raise BadInput."""
        return GroupFilter(
            search=arguments.search(self.search, "filter.search"),
            group_types=None if self.group_type is None else frozenset(self.group_type),
            facilitator_id=arguments.registry_id(STAFF_IDS, self.facilitator_id, "filter.facilitatorId"),
            location_id=arguments.registry_id(LOCATION_IDS, self.location_id, "filter.locationId"),
            capacity_statuses=None if self.capacity_status is None else frozenset(self.capacity_status),
            include_deleted=bool(self.include_deleted),
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

    def session_filter(self) -> SessionFilter:
        """Return the filter of the list. Raise BadInput."""
        arguments.in_order(self.from_, self.through)
        return SessionFilter(
            from_date=self.from_,
            through_date=self.through,
            statuses=None if self.status is None else frozenset(self.status),
            facilitator_id=arguments.registry_id(STAFF_IDS, self.facilitator_id, "filter.facilitatorId"),
            location_id=arguments.registry_id(LOCATION_IDS, self.location_id, "filter.locationId"),
        )


FilterOfOccurrences = Annotated[
    OccurrenceFilter | None, strawberry.argument(description="Only occurrences that match this filter.")
]


def by_status(status: Statuses = None) -> EnrollmentFilter:
    """Return the filter of a list of enrollments."""
    return EnrollmentFilter(None if status is None else frozenset(status))


def by_occurrence_filter(filter: FilterOfOccurrences = None) -> SessionFilter:
    """Return the filter of a list of sessions. Raise BadInput."""
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


def list_of_sessions(filter: FilterOfOccurrences = None) -> tuple[Listing[Occurrence], SessionFilter]:
    """Return the sessions, and their filter. Raise BadInput."""
    return SESSIONS, by_occurrence_filter(filter)


def list_of_patients(search: Search = None) -> tuple[Listing[Patient], PatientFilter]:
    """Return the patients, and their filter. Raise BadInput."""
    return PATIENTS, PatientFilter(arguments.search(search, "search"))


def list_of_staff(search: Search = None) -> tuple[Listing[StaffMember], SearchFilter]:
    """Return the staff, and its filter. Raise BadInput."""
    return STAFF, SearchFilter(arguments.search(search, "search"))


def list_of_locations(search: Search = None) -> tuple[Listing[Location], SearchFilter]:
    """Return the locations, and their filter. Raise BadInput."""
    return LOCATIONS, SearchFilter(arguments.search(search, "search"))


def uuid_argument(id: Annotated[strawberry.ID, strawberry.argument(description="The id, a UUID.")]) -> UUID:
    """Return the id of a group, session or enrollment. Raise BadInput."""
    return arguments.uuid(id, "id")


def patient_id_argument(
    id: Annotated[strawberry.ID, strawberry.argument(description="The id or the registryId.")],
) -> str:
    """Return the registry's id of a patient. Raise BadInput."""
    arguments.storable(id, "id")
    return PATIENT_IDS.registry_id(id)

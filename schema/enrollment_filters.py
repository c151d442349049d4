"""The arguments of the organization's list of enrollments."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from db.queries.enrollments import ENROLLMENTS_BY, EnrollmentListFilter, EnrollmentOrder
from db.sql.listings import Listing
from domain.records import Enrollment, EnrollmentStatus
from resolvers import arguments
from resolvers.ids import PATIENT_IDS


@strawberry.input(description="Which enrollments to list. Each condition narrows the list further.")
class EnrollmentFilter:
    status: list[EnrollmentStatus] | None = strawberry.field(
        default=None, description="Only enrollments with one of these statuses."
    )
    group_definition_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only enrollments in this group."
    )
    patient_id: strawberry.ID | None = strawberry.field(default=None, description="Only enrollments of this patient.")
    starting_from: date | None = strawberry.field(
        default=None, description="Only enrollments whose startDate is this day or later."
    )
    starting_through: date | None = strawberry.field(
        default=None, description="Only enrollments whose startDate is this day or earlier."
    )
    ending_from: date | None = strawberry.field(
        default=None, description="Only enrollments whose endDate is this day or later."
    )
    ending_through: date | None = strawberry.field(
        default=None, description="Only enrollments whose endDate is this day or earlier."
    )
    patient_active: bool | None = strawberry.field(
        default=None,
        description="Only enrollments of patients who are active in the registry, or who are not. With `false` and the"
        " status ENROLLED, the list has the seats of patients whom the registry has deactivated.",
    )
    include_removed: bool | None = strawberry.field(
        default=False, description="Whether to list enrollments too that were removed because they were errors."
    )
    updated_since: datetime | None = strawberry.field(
        default=None, description="Only enrollments whose updatedAt is not before this instant."
    )

    def list_filter(self, order: EnrollmentOrder) -> EnrollmentListFilter:
        """Return the filter of the list in an order. Raise BadInput."""
        arguments.in_order(self.starting_from, self.starting_through, "filter.startingThrough", "startingFrom")
        arguments.in_order(self.ending_from, self.ending_through, "filter.endingThrough", "endingFrom")
        return EnrollmentListFilter(
            order=order,
            statuses=None if self.status is None else frozenset(self.status),
            group_id=None
            if self.group_definition_id is None
            else arguments.uuid(self.group_definition_id, "filter.groupDefinitionId"),
            patient_id=arguments.registry_id(PATIENT_IDS, self.patient_id, "filter.patientId"),
            starting_from=self.starting_from,
            starting_through=self.starting_through,
            ending_from=self.ending_from,
            ending_through=self.ending_through,
            patient_active=self.patient_active,
            include_removed=bool(self.include_removed),
            updated_since=arguments.instant(self.updated_since, "filter.updatedSince"),
        )


def list_of_enrollments(
    filter: Annotated[
        EnrollmentFilter | None, strawberry.argument(description="Only enrollments that match this filter.")
    ] = None,
    order_by: Annotated[
        EnrollmentOrder | None, strawberry.argument(description="The order; GROUP_AND_PLACE by default.")
    ] = None,
) -> tuple[Listing[Enrollment], EnrollmentListFilter]:
    """Return the enrollments in an order, and their filter. Raise BadInput."""
    order = order_by or EnrollmentOrder.GROUP_AND_PLACE
    return ENROLLMENTS_BY[order], filter.list_filter(order) if filter else EnrollmentListFilter(order)

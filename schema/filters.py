"""What lists can be narrowed to."""

from datetime import date

import strawberry

from domain.records import CapacityStatus, GroupType, OccurrenceStatus
from domain.selections import GroupsWanted, SessionsWanted


@strawberry.input(description="Which groups to list. Each condition narrows the list further.")
class GroupDefinitionFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only names that hold each of these words, in any order and anywhere in them, whatever their case,"
        " accents, apostrophes and hyphens. At most 10 words.",
    )
    group_type: list[GroupType] | None = strawberry.field(default=None, description="Only groups of these kinds.")
    facilitator_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only groups that this member of staff leads or co-leads."
    )
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Only groups at this place.")
    capacity_status: list[CapacityStatus] | None = strawberry.field(
        default=None, description="Only groups whose seats stand so."
    )
    include_deleted: bool | None = strawberry.field(default=False, description="Deleted groups too.")

    def wanted(self) -> GroupsWanted:
        """Return it to the resolvers."""
        return GroupsWanted(
            search=self.search,
            group_types=None if self.group_type is None else frozenset(self.group_type),
            facilitator_id=self.facilitator_id,
            location_id=self.location_id,
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
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Only sessions at this place.")

    def wanted(self) -> SessionsWanted:
        """Return it to the resolvers."""
        return SessionsWanted(
            from_date=self.from_,
            through_date=self.through,
            statuses=None if self.status is None else frozenset(self.status),
            facilitator_id=self.facilitator_id,
            location_id=self.location_id,
        )

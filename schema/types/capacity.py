"""A group's seats, as clients see them."""

import strawberry

from domain.records import CapacityStatus


@strawberry.type(description="The seats of a group.")
class Capacity:
    enrolled: int = strawberry.field(description="The number of patients with a seat.")
    waitlisted: int = strawberry.field(description="The number of patients on the waitlist.")
    max: int = strawberry.field(description="The number of seats.")
    min: int | None = strawberry.field(
        description="The number of patients that the group needs to run well; null if not set."
    )
    available: int = strawberry.field(description="The number of free seats; 0 if the group is full or over capacity.")
    status: CapacityStatus = strawberry.field(description="Whether there is a free seat.")
    below_minimum: bool = strawberry.field(description="Whether fewer patients are enrolled than the group needs.")
    utilization: float = strawberry.field(description="Enrolled patients per seat; above 1 if over capacity.")

"""A group's seats, as clients see them."""

import strawberry

from domain.records import CapacityStatus


@strawberry.type(description="How a group's seats stand.")
class Capacity:
    enrolled: int = strawberry.field(description="How many patients have a seat.")
    waitlisted: int = strawberry.field(description="How many patients wait for a seat.")
    max: int = strawberry.field(description="How many seats there are.")
    min: int | None = strawberry.field(description="How many patients the group needs to run well; null where unset.")
    available: int = strawberry.field(description="How many seats are free; 0 when full or over capacity.")
    status: CapacityStatus = strawberry.field(description="Whether there is a free seat.")
    below_minimum: bool = strawberry.field(description="Whether fewer patients are enrolled than the group needs.")
    utilization: float = strawberry.field(description="Enrolled patients by seat; over 1 when over capacity.")

"""The capacity of groups."""

from collections.abc import Sequence

from db.queries.groups import SEATS_OF_GROUP, Seats, count_seats
from domain.capacity import Capacity
from domain.records import GroupDefinition
from resolvers.context import Context
from resolvers.queries.prefetch import Prefetch


async def capacity(context: Context, group: GroupDefinition) -> Capacity:
    """Return the capacity of a group."""
    return _capacity(group, await context.loaders.values(count_seats).load(group.id))


async def capacities(groups: Sequence[GroupDefinition], context: Context) -> list[Capacity]:
    """Return the capacity of each group."""
    seats = await context.loaders.values(count_seats).load_all(group.id for group in groups)
    return [_capacity(group, seats[group.id]) for group in groups]


def prefetch_capacity() -> Prefetch:
    """Return how a group's capacity is read together with the group."""
    return Prefetch((SEATS_OF_GROUP,), lambda _context, group, values: _capacity(group, values[0]))


def _capacity(group: GroupDefinition, seats: Seats | None) -> Capacity:
    if seats is None:
        return Capacity(0, 0, group.max_capacity, group.min_capacity)
    return Capacity(seats.enrolled, seats.waitlisted, group.max_capacity, group.min_capacity)

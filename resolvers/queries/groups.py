"""Groups: one by id, and the list."""

from db.queries import groups as group_queries
from db.queries.groups import GROUP_ORDERS
from domain.records import GroupDefinition
from domain.selections import GroupOrder, GroupsWanted
from resolvers.arguments import our_id, search, storable
from resolvers.context import Context
from resolvers.queries.pages import Page, window


async def group(context: Context, id: str) -> GroupDefinition | None:
    """Return the group, deleted or not; None for an unknown id. Raise BadInput for what is no id."""
    return await context.loaders.group.load(our_id(id, "id"))


async def groups(
    context: Context,
    wanted: GroupsWanted | None,
    order: GroupOrder | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page[GroupDefinition]:
    """Return a page of the organization's groups, by default all by name. Raise BadInput."""
    wanted = wanted or GroupsWanted()
    order = order or GroupOrder.NAME_ASC
    search(wanted.search, "filter.search")
    storable(wanted.facilitator_id, "filter.facilitatorId")
    storable(wanted.location_id, "filter.locationId")
    part = window(GROUP_ORDERS[order], first, after, last, before)
    async with context.snapshot as snapshot:
        found = await group_queries.page_of_groups(snapshot, wanted, order, part)

    async def total() -> int:
        async with context.snapshot as snapshot:
            return await group_queries.count_groups(snapshot, wanted)

    return Page(GROUP_ORDERS[order], part, found, total)

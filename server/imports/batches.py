"""Storage of a batch of updates in one transaction."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.locations import store_locations
from db.registry.merges import merged_in_circles
from db.registry.records import PATIENTS, ROLES, STAFF, refresh_staff_activity, staff_of_roles, store_updates
from db.transactions.unit_of_work import UnitOfWork
from domain.registry import Outcome, RegistryUpdate
from resolvers.commands.registry import settle_rosters
from server.imports.options import ImportOptions
from server.imports.resource_types import ResourceType
from server.imports.results import Mapped

_TABLES: Final = {
    ResourceType.PRACTITIONER: STAFF,
    ResourceType.PRACTITIONER_ROLE: ROLES,
    ResourceType.PATIENT: PATIENTS,
}


@dataclass(slots=True)
class BatchResult:
    """The result of storing a batch.

    Attributes:
        outcomes: The outcome of each update, or the reason why it was refused, in the order of the batch.
        defaulted: The ids of locations that got the default time zone.
        followed: The number of locations that changed together with the location that they are part of.
        circles: The ids of patients whose merges lead back to themselves.
        seated: The number of waiting patients who got a free seat, because the registry activated patients.
    """

    outcomes: list[Outcome | str]
    defaulted: set[str] = field(default_factory=set)
    followed: int = 0
    circles: set[str] = field(default_factory=set)
    seated: int = 0


async def store_batch(
    connection: AsyncConnection,
    work: UnitOfWork,
    options: ImportOptions,
    batch: Sequence[Mapped],
    today: date,
    refused_locations: AbstractSet[str] = frozenset(),
) -> BatchResult:
    """Store the updates in the caller's transaction. Updates of one type are applied in order.

    Args:
        connection: The connection.
        work: The unit of work in its transaction.
        options: The options of the import.
        batch: The updates.
        today: The local date, which decides whether a role is current.
        refused_locations: The ids of locations that were refused before.
    """
    outcomes: dict[int, Outcome | str] = {}
    roles = {item.update.id for item in batch if item.resource_type is ResourceType.PRACTITIONER_ROLE}
    staff = {item.update.id for item in batch if item.resource_type is ResourceType.PRACTITIONER}
    # A role may move to another person, so its staff is read before and after the update.
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    switched: set[str] = set()
    for resource_type, table in _TABLES.items():
        positions, updates = _of_type(batch, resource_type)
        stored = await store_updates(connection, options.organization_id, table, updates)
        outcomes |= zip(positions, stored.outcomes, strict=True)
        if table is PATIENTS:
            switched = stored.switched
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    await refresh_staff_activity(connection, options.organization_id, staff, today)
    positions, updates = _of_type(batch, ResourceType.LOCATION)
    locations = await store_locations(
        connection, options.organization_id, updates, options.default_time_zone, refused_locations
    )
    outcomes |= zip(positions, locations.outcomes, strict=True)
    merged = {update.id for update in _of_type(batch, ResourceType.PATIENT)[1] if update.fields.get("replaced_by")}
    circles = await merged_in_circles(connection, options.organization_id, merged)
    # Last, because requests wait for the locks of groups.
    seated = await settle_rosters(work, switched)
    in_order = [outcomes[position] for position in range(len(batch))]
    return BatchResult(in_order, locations.defaulted, locations.followed, circles, seated)


def _of_type(batch: Sequence[Mapped], resource_type: ResourceType) -> tuple[list[int], list[RegistryUpdate]]:
    matches = [(position, item.update) for position, item in enumerate(batch) if item.resource_type is resource_type]
    return [position for position, _ in matches], [update for _, update in matches]

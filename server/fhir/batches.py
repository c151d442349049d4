"""Storage of a batch of updates in one transaction."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.locations import store_locations
from db.registry.records import PATIENTS, ROLES, STAFF, refresh_staff_activity, staff_of_roles, store_updates
from domain.registry import Outcome, RegistryUpdate
from server.fhir.options import ImportOptions
from server.fhir.resource_types import ResourceType
from server.fhir.results import Mapped

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
    """

    outcomes: list[Outcome | str]
    defaulted: set[str] = field(default_factory=set)
    followed: int = 0


async def store_batch(
    connection: AsyncConnection,
    options: ImportOptions,
    batch: Sequence[Mapped],
    today: date,
    refused_locations: AbstractSet[str] = frozenset(),
) -> BatchResult:
    """Store the updates in the caller's transaction. Updates of one type are applied in order."""
    outcomes: dict[int, Outcome | str] = {}
    roles = {item.update.id for item in batch if item.resource_type is ResourceType.PRACTITIONER_ROLE}
    staff = {item.update.id for item in batch if item.resource_type is ResourceType.PRACTITIONER}
    # A role may move to another person, so its staff is read before and after the update.
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    for resource_type, table in _TABLES.items():
        positions, updates = _of_type(batch, resource_type)
        stored = await store_updates(connection, options.organization_id, table, updates)
        outcomes |= zip(positions, stored, strict=True)
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    await refresh_staff_activity(connection, options.organization_id, staff, today)
    positions, updates = _of_type(batch, ResourceType.LOCATION)
    locations = await store_locations(
        connection, options.organization_id, updates, options.default_time_zone, refused_locations
    )
    outcomes |= zip(positions, locations.outcomes, strict=True)
    return BatchResult([outcomes[position] for position in range(len(batch))], locations.defaulted, locations.followed)


def _of_type(batch: Sequence[Mapped], resource_type: ResourceType) -> tuple[list[int], list[RegistryUpdate]]:
    matches = [(position, item.update) for position, item in enumerate(batch) if item.resource_type is resource_type]
    return [position for position, _ in matches], [update for _, update in matches]

"""Stores a batch of updates in one transaction."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.locations import store_locations
from db.registry.records import PATIENTS, ROLES, STAFF, refresh_staff_activity, staff_of_roles, store_updates
from domain.registry import Outcome, RegistryUpdate
from server.fhir.kinds import Kind, Mapped
from server.fhir.options import ImportOptions

_TABLES: Final = {Kind.PRACTITIONER: STAFF, Kind.PRACTITIONER_ROLE: ROLES, Kind.PATIENT: PATIENTS}


@dataclass(slots=True)
class Stored:
    """What came of a batch.

    Attributes:
        outcomes: The outcome of each update, or the reason why it was refused.
        defaulted: The ids of locations that have the default time zone.
        followed: How many locations changed with the one that they are part of.
    """

    outcomes: list[Outcome | str]
    defaulted: set[str] = field(default_factory=set)
    followed: int = 0


async def store(
    connection: AsyncConnection,
    options: ImportOptions,
    batch: Sequence[Mapped],
    today: date,
    refused_locations: AbstractSet[str] = frozenset(),
) -> Stored:
    """Store the updates in the caller's transaction; those of one type in their order."""
    outcomes: dict[int, Outcome | str] = {}
    roles = {item.update.id for item in batch if item.kind is Kind.PRACTITIONER_ROLE}
    staff = {item.update.id for item in batch if item.kind is Kind.PRACTITIONER}
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    for kind, table in _TABLES.items():
        positions, updates = _of_kind(batch, kind)
        stored = await store_updates(connection, options.organization_id, table, updates)
        outcomes |= zip(positions, stored, strict=True)
    staff |= await staff_of_roles(connection, options.organization_id, roles)
    await refresh_staff_activity(connection, options.organization_id, staff, today)
    positions, updates = _of_kind(batch, Kind.LOCATION)
    places = await store_locations(
        connection, options.organization_id, updates, options.default_time_zone, refused_locations
    )
    outcomes |= zip(positions, places.outcomes, strict=True)
    return Stored([outcomes[position] for position in range(len(batch))], places.defaulted, places.followed)


def _of_kind(batch: Sequence[Mapped], kind: Kind) -> tuple[list[int], list[RegistryUpdate]]:
    found = [(position, item.update) for position, item in enumerate(batch) if item.kind is kind]
    return [position for position, _ in found], [update for _, update in found]

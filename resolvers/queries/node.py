"""Any records by their ids."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from db.queries.closures import CLOSURES
from db.queries.enrollments import ENROLLMENTS
from db.queries.groups import GROUPS
from db.queries.history import HISTORY, StoredChange
from db.queries.pages import find_listings
from db.queries.references import LOCATIONS, PATIENTS, STAFF
from db.queries.sessions import SESSIONS
from db.sql.listings import Listing
from domain.changes import EntityType
from domain.records import Closure, Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from resolvers.arguments import storable
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.ids import LOCATION_IDS, PATIENT_IDS, STAFF_IDS, RegistryIds, parse_id, registry_ids_of

NodeRecord = GroupDefinition | Occurrence | Enrollment | Closure | StoredChange | StaffMember | Location | Patient
MAX_NODES: Final = 200

_Place = tuple[Listing[Any], Any]
"""Where a record is: its listing, and its id there."""

_ENTITIES: Final[Mapping[EntityType, tuple[PermissionKey, Listing[Any]]]] = {
    EntityType.GROUP_DEFINITION: (PermissionKey.GROUP_DEFINITIONS_VIEW, GROUPS),
    EntityType.OCCURRENCE: (PermissionKey.GROUP_SCHEDULE_VIEW, SESSIONS),
    EntityType.ENROLLMENT: (PermissionKey.GROUP_ENROLLMENTS_VIEW, ENROLLMENTS),
    EntityType.CLOSURE: (PermissionKey.GROUP_SCHEDULE_VIEW, CLOSURES),
}
_WITH_REGISTRY_ID: Final[Mapping[RegistryIds, tuple[PermissionKey, Listing[Any]]]] = {
    STAFF_IDS: (PermissionKey.GROUP_DEFINITIONS_VIEW, STAFF),
    LOCATION_IDS: (PermissionKey.GROUP_DEFINITIONS_VIEW, LOCATIONS),
    PATIENT_IDS: (PermissionKey.GROUP_ENROLLMENTS_VIEW, PATIENTS),
}


async def node(context: Context, id: str) -> NodeRecord | None:
    """Return the record with the id; None if there is none that the caller may view.

    An id of a registry without its prefix finds nothing: records of several types may have it.

    Raises:
        BadInput: The id contains an invalid character.
    """
    storable(id, "id")
    [record] = await _find(context, [id])
    return record


async def nodes(context: Context, ids: Sequence[str]) -> list[NodeRecord | None]:
    """Return what `node` returns for each of the ids, in their order.

    Raises:
        BadInput: There are not 1 to 200 ids, or one contains an invalid character.
    """
    if not 1 <= len(ids) <= MAX_NODES:
        raise BadInput(f"`ids` must have 1 to {MAX_NODES} ids.", "ids")
    for record_id in ids:
        storable(record_id, "ids")
    return await _find(context, ids)


async def _find(context: Context, ids: Sequence[str]) -> list[NodeRecord | None]:
    """Return the records: those of each type by one statement, also for ids that other fields look up."""
    uuids = {record_id: uuid for record_id in ids if (uuid := parse_id(record_id)) is not None}
    places = await _places_of_uuids(context, uuids) | _places_of_registry_ids(context, ids)
    records = await _load(context, set(places.values()))
    entries = {place: entry for place, entry in records.items() if isinstance(entry, StoredChange)}
    # Loading its record also discloses the patient: the history of an enrollment contains the patient's id.
    subjects = {place: subject for place, entry in entries.items() if (subject := _subject(context, entry))}
    loaded = await _load(context, set(subjects.values()))
    hidden = {place for place in entries if loaded.get(subjects.get(place)) is None}
    # Clients could not tell that a closure is deleted.
    hidden |= {place for place, record in records.items() if isinstance(record, Closure) and record.deleted_at}
    return [
        records[place] if (place := places.get(record_id)) is not None and place not in hidden else None
        for record_id in ids
    ]


async def _places_of_uuids(context: Context, uuids: Mapping[str, UUID]) -> dict[str, _Place]:
    listings = tuple(listing for key, listing in _ENTITIES.values() if context.has(key))
    if not uuids or not listings:
        return {}
    found = await context.loaders.values(find_listings, (*listings, HISTORY)).load_all(uuids.values())
    return {record_id: (listing, uuid) for record_id, uuid in uuids.items() if (listing := found[uuid]) is not None}


def _places_of_registry_ids(context: Context, ids: Iterable[str]) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for record_id in ids:
        prefix = registry_ids_of(record_id)
        if prefix is not None:
            key, listing = _WITH_REGISTRY_ID[prefix]
            if context.has(key):
                places[record_id] = listing, prefix.registry_id(record_id)
    return places


def _subject(context: Context, entry: StoredChange) -> _Place | None:
    """Return where the record of an entry of the history is; None if the caller may not view it."""
    key, listing = _ENTITIES[entry.entity_type]
    return (listing, entry.entity_id) if context.has(key) else None


async def _load(context: Context, places: Iterable[_Place]) -> dict[_Place | None, NodeRecord | None]:
    ids: dict[Listing[Any], list[Any]] = {}
    for listing, record_id in places:
        ids.setdefault(listing, []).append(record_id)
    loads = (context.loaders.records(listing).load_all(ids_of_type) for listing, ids_of_type in ids.items())
    loaded = await asyncio.gather(*loads)
    return {
        (listing, record_id): record
        for listing, records in zip(ids, loaded, strict=True)
        for record_id, record in records.items()
    }

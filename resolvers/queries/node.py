"""Any record by its id."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from db.queries.closures import CLOSURES
from db.queries.enrollments import ENROLLMENTS
from db.queries.groups import GROUPS
from db.queries.history import HISTORY, StoredChange
from db.queries.references import LOCATIONS, PATIENTS, STAFF
from db.queries.sessions import SESSIONS
from db.sql.listings import Listing
from domain.changes import EntityType
from domain.records import Closure, Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from resolvers.arguments import storable
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.ids import LOCATION_IDS, PATIENT_IDS, STAFF_IDS, RegistryIds, parse_id, registry_ids_of

NodeRecord = GroupDefinition | Occurrence | Enrollment | Closure | StoredChange | StaffMember | Location | Patient

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
    uuid = parse_id(id)
    if uuid is not None:
        return await _node_with_uuid(context, uuid)
    ids = registry_ids_of(id)
    if ids is None:
        return None
    key, listing = _WITH_REGISTRY_ID[ids]
    return await _load(context, key, listing, ids.registry_id(id))


async def _node_with_uuid(context: Context, uuid: UUID) -> NodeRecord | None:
    for key, listing in _ENTITIES.values():
        record = await _load(context, key, listing, uuid)
        if record is not None:
            # Clients could not tell that it is deleted.
            return None if isinstance(record, Closure) and record.deleted_at is not None else record
    if not any(context.has(key) for key, _ in _ENTITIES.values()):
        return None
    entry = await context.loaders.records(HISTORY).load(uuid)
    # Loading its record also discloses the patient: the history of an enrollment contains the patient's id.
    if entry is None or await _load(context, *_ENTITIES[entry.entity_type], entry.entity_id) is None:
        return None
    return entry


async def _load(context: Context, key: PermissionKey, listing: Listing[Any], record_id: object) -> NodeRecord | None:
    if not context.has(key):
        return None
    record: NodeRecord | None = await context.loaders.records(listing).load(record_id)
    return record

"""Any record by its id."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from db.queries.enrollments import ENROLLMENTS
from db.queries.groups import GROUPS
from db.queries.references import LOCATIONS, PATIENTS, STAFF
from db.queries.sessions import SESSIONS
from db.sql.listings import Listing
from domain.records import Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from resolvers.arguments import storable
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.ids import LOCATION_IDS, PATIENT_IDS, STAFF_IDS, RegistryIds, parse_id, registry_ids_of

NodeRecord = GroupDefinition | Occurrence | Enrollment | StaffMember | Location | Patient

_WITH_UUID: Final[list[tuple[PermissionKey, Listing[Any]]]] = [
    (PermissionKey.GROUP_DEFINITIONS_VIEW, GROUPS),
    (PermissionKey.GROUP_SCHEDULE_VIEW, SESSIONS),
    (PermissionKey.GROUP_ENROLLMENTS_VIEW, ENROLLMENTS),
]
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
    candidates: list[tuple[PermissionKey, Listing[Any]]] = []
    record_id: UUID | str | None = parse_id(id)
    if record_id is not None:
        candidates = _WITH_UUID
    elif (ids := registry_ids_of(id)) is not None:
        candidates, record_id = [_WITH_REGISTRY_ID[ids]], ids.registry_id(id)
    for key, listing in candidates:
        if context.has(key):
            record: NodeRecord | None = await context.loaders.records(listing).load(record_id)
            if record is not None:
                return record
    return None

"""Any record by its id."""

from typing import Any, Final

from db.queries.enrollments import ENROLLMENTS
from db.queries.groups import GROUPS
from db.queries.references import LOCATIONS, PATIENTS, STAFF
from db.queries.sessions import SESSIONS
from db.sql.listings import Listing
from domain.records import Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from resolvers.arguments import storable
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.ids import parse_id

NodeRecord = GroupDefinition | Occurrence | Enrollment | StaffMember | Location | Patient

_WITH_UUID: Final[list[tuple[PermissionKey, Listing[Any]]]] = [
    (PermissionKey.GROUP_DEFINITIONS_VIEW, GROUPS),
    (PermissionKey.GROUP_SCHEDULE_VIEW, SESSIONS),
    (PermissionKey.GROUP_ENROLLMENTS_VIEW, ENROLLMENTS),
]
_WITH_REGISTRY_ID: Final[list[tuple[PermissionKey, Listing[Any]]]] = [
    (PermissionKey.GROUP_DEFINITIONS_VIEW, STAFF),
    (PermissionKey.GROUP_DEFINITIONS_VIEW, LOCATIONS),
    (PermissionKey.GROUP_ENROLLMENTS_VIEW, PATIENTS),
]


async def node(context: Context, id: str) -> NodeRecord | None:
    """Return the record with the id: a group, session or enrollment, else staff, a location or a patient.

    None if there is none that the caller may view. Raise BadInput if the id contains invalid characters.
    """
    storable(id, "id")
    uuid = parse_id(id)
    candidates: list[tuple[PermissionKey, Listing[Any], object]] = []
    if uuid is not None:
        candidates += [(key, listing, uuid) for key, listing in _WITH_UUID]
    candidates += [(key, listing, id) for key, listing in _WITH_REGISTRY_ID]
    for key, listing, record_id in candidates:
        if context.has(key):
            record: NodeRecord | None = await context.loaders.records(listing).load(record_id)
            if record is not None:
                return record
    return None

"""Anything by its id."""

from typing import Any

from domain.records import Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from resolvers.arguments import storable
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.ids import parse_id

Found = GroupDefinition | Occurrence | Enrollment | StaffMember | Location | Patient


async def node(context: Context, id: str) -> Found | None:
    """Return the record with the id: our own first, then staff, locations and patients.

    None where there is none, and where the caller may not see what there is. Raise BadInput for what no id can be.
    """
    storable(id, "id")
    loaders = context.loaders
    groups, schedule, enrollments = (
        PermissionKey.GROUP_DEFINITIONS_VIEW,
        PermissionKey.GROUP_SCHEDULE_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )
    ours = parse_id(id)
    places: list[tuple[PermissionKey, Any, Any]] = []
    if ours is not None:
        places += [
            (groups, loaders.group, ours),
            (schedule, loaders.session, ours),
            (enrollments, loaders.enrollment, ours),
        ]
    places += [(groups, loaders.staff_member, id), (groups, loaders.location, id), (enrollments, loaders.patient, id)]
    for key, loader, wanted in places:
        if context.has(key):
            found: Found | None = await loader.load(wanted)
            if found is not None:
                return found
    return None

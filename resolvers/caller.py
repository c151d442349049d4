"""The caller of a request: their organization and permissions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class PermissionKey(StrEnum):
    """The twelve permission keys of the API: three areas with four actions each."""

    GROUP_DEFINITIONS_VIEW = "pm.group_definitions.view"
    GROUP_DEFINITIONS_CREATE = "pm.group_definitions.create"
    GROUP_DEFINITIONS_EDIT = "pm.group_definitions.edit"
    GROUP_DEFINITIONS_DELETE = "pm.group_definitions.delete"
    GROUP_SCHEDULE_VIEW = "pm.group_schedule.view"
    GROUP_SCHEDULE_CREATE = "pm.group_schedule.create"
    GROUP_SCHEDULE_EDIT = "pm.group_schedule.edit"
    GROUP_SCHEDULE_DELETE = "pm.group_schedule.delete"
    GROUP_ENROLLMENTS_VIEW = "pm.group_enrollments.view"
    GROUP_ENROLLMENTS_CREATE = "pm.group_enrollments.create"
    GROUP_ENROLLMENTS_EDIT = "pm.group_enrollments.edit"
    GROUP_ENROLLMENTS_DELETE = "pm.group_enrollments.delete"


ROLES: Mapping[str, frozenset[PermissionKey]] = MappingProxyType(
    {
        "org_admin": frozenset(PermissionKey),
        "staff": frozenset(
            {
                PermissionKey.GROUP_DEFINITIONS_VIEW,
                PermissionKey.GROUP_SCHEDULE_VIEW,
                PermissionKey.GROUP_ENROLLMENTS_VIEW,
            }
        ),
    }
)
"""The keys that each role holds."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in caller. Only authentication creates one.

    Attributes:
        subject: The caller's id at the identity provider (the token's `sub`).
        organization_id: The only organization whose rows the caller may access.
        permissions: The keys the caller holds.
    """

    subject: str
    organization_id: str
    permissions: frozenset[PermissionKey]

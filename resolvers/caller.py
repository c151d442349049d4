"""Who is asking, for which organization, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class PermissionKey(StrEnum):
    """The twelve keys that open fields of the API, three areas by four actions."""

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
    """A signed-in caller. Only authentication makes one.

    Attributes:
        subject: The caller's id at the identity provider (the token's `sub`).
        organization_id: The organization whose rows the caller may reach, and no other's.
        permissions: The keys the caller holds.
    """

    subject: str
    organization_id: str
    permissions: frozenset[PermissionKey]

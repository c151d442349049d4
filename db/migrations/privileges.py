"""Declares the privileges of each role on each table of PostgreSQL. A role has no others."""

from dataclasses import dataclass
from typing import Final

from db.connections.roles import Role
from db.tables import metadata

PRIVILEGES: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
"""The privileges that can be granted on a table."""

COLUMN_PRIVILEGES: Final = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})
"""The privileges that can be granted on single columns."""

ORGANIZATION_TABLES: Final = tuple(table.name for table in metadata.sorted_tables if "organization_id" in table.c)
"""The tables whose rows belong to organizations. They have row-level security."""

OUTBOX: Final = "pm_group_outbox"
OUTBOX_COLUMN: Final = "sequence"


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege of a role on a table, or on some of its columns.

    Attributes:
        role: The role.
        table: The table.
        privilege: The privilege, as in GRANT.
        columns: The columns that it is limited to. Empty means the whole table.
    """

    role: Role
    table: str
    privilege: str
    columns: tuple[str, ...] = ()


_READ: Final = ("SELECT",)
_ADD: Final = ("SELECT", "INSERT")
_CHANGE: Final = ("SELECT", "INSERT", "UPDATE")
_ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

_OF_SERVER: Final = {
    "pm_group_staff_members": _READ,
    "pm_group_staff_roles": _READ,
    "pm_group_locations": _READ,
    "pm_group_patients": _READ,
    "pm_group_patient_endings": _READ,
    "pm_group_definitions": _CHANGE,
    "pm_group_schedule": _CHANGE,
    "pm_group_enrollments": _CHANGE,
    "pm_group_closures": _CHANGE,
    "pm_group_calendar_feeds": _ALL,
    OUTBOX: _ADD,
    "pm_group_audit_log": _ADD,
    "pm_group_access_log": _ADD,
    "pm_group_parked_events": _READ,
    "pm_group_reporting_tokens": _READ,
    "pm_group_idempotency_keys": _ALL,
    "pm_group_idempotency_steps": _ALL,
}

_OF_BACKGROUND: Final = (
    Grant(Role.BACKGROUND, OUTBOX, "SELECT"),
    Grant(Role.BACKGROUND, OUTBOX, "UPDATE", ("transaction_id",)),
    # Stored responses contain patient data. BACKGROUND only reads the columns that it needs to delete expired ones.
    Grant(Role.BACKGROUND, "pm_group_idempotency_keys", "SELECT", ("organization_id", "subject", "key", "expires_at")),
    Grant(Role.BACKGROUND, "pm_group_idempotency_keys", "DELETE"),
    *(
        Grant(Role.BACKGROUND, table, privilege)
        for table in ("pm_group_relay_sinks", "pm_group_relay_lanes", "pm_group_parked_events")
        for privilege in _ALL
    ),
)

_DELETED_BY_OPERATORS: Final = frozenset({"pm_group_patient_endings"})


def _grants() -> tuple[Grant, ...]:
    of_server = (
        Grant(Role.SERVER, table, privilege) for table, privileges in _OF_SERVER.items() for privilege in privileges
    )
    # Operators read everything, import the registry and create the demo clinic. Triggers protect the logs from them.
    of_operators = (
        Grant(Role.OPERATOR, table.name, privilege)
        for table in metadata.sorted_tables
        for privilege in (_ALL if table.name in _DELETED_BY_OPERATORS else _CHANGE)
    )
    return (*of_server, *_OF_BACKGROUND, *of_operators)


GRANTS: Final = _grants()
"""The privileges of all roles."""

ALL_ORGANIZATIONS: Final = (
    *((table, Role.OPERATOR) for table in ORGANIZATION_TABLES),
    *(
        (table, Role.BACKGROUND)
        for table in ORGANIZATION_TABLES
        if any(grant.table == table for grant in _OF_BACKGROUND)
    ),
)
"""The tables, and the roles that see the rows of all organizations in them."""

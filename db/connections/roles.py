"""The roles on PostgreSQL, and the SQL that makes a session or a transaction act as one of them.

A login is a member of several roles and acts as one of them at a time. No role owns anything:

- SERVER handles requests. Row-level security shows it the rows of the organization that the session is confined to.
- BACKGROUND does a server's work between requests, for all organizations: it delivers events and deletes expired
  responses. It can use only the columns that this work needs.
- OPERATOR runs commands that read across organizations, such as `check`.

The policies of BACKGROUND and OPERATOR apply to a session that acts as the role, not to one that only inherits it, so
reading all organizations is always a deliberate step. `db.migrations.privileges` declares what each role may do.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A role. The value is its name in PostgreSQL."""

    SERVER = "pm_group_server"
    BACKGROUND = "pm_group_background"
    OPERATOR = "pm_group_operator"


ORGANIZATION_SETTING: Final = "group_sessions.organization_id"

CONFINED: Final = "pm_group_confined"
"""The function that fails unless its session is confined to the organization in its argument."""

NOT_CONFINED: Final = "PM001"
"""The SQLSTATE of that failure."""

LOCK_SECONDS: Final = 3.0
"""How long a request's transaction waits for locks of other transactions."""

# A server that vanishes from the network would keep its connection and locks until TCP notices, which takes hours. So
# PostgreSQL ends transactions that are idle for this long.
_IDLE: Final = "idle_in_transaction_session_timeout"
_IDLE_SECONDS: Final = "60s"
_SHORTEST_STATEMENT: Final = 1.0
_READ_SETTINGS: Final = {
    "role": Role.SERVER.value,
    "timezone": "UTC",  # for instants that PostgreSQL returns as text, such as in JSON
    # Reads only wait for schema changes.
    "lock_timeout": f"{LOCK_SECONDS:g}s",
    "statement_timeout": "10s",
    _IDLE: _IDLE_SECONDS,
}


def confine_session(organization_id: str) -> str:
    """Return SQL that confines a session to reading one organization's rows, until it is confined to another.

    Run it outside of a transaction, so that no rollback undoes it.
    """
    return _set(_READ_SETTINGS | {"default_transaction_read_only": "on"}, organization_id, local=False)


def confine_snapshot(organization_id: str) -> str:
    """Return SQL that confines the rest of a read-only transaction to one organization's rows."""
    return _set(_READ_SETTINGS, organization_id, local=True)


def confine_transaction(organization_id: str, lock_seconds: float) -> str:
    """Return SQL that confines the rest of a transaction to one organization's rows.

    Args:
        organization_id: The organization.
        lock_seconds: How long one statement may wait for locks.
    """
    settings = {"role": Role.SERVER, **_write_timeouts(lock_seconds), _IDLE: _IDLE_SECONDS}
    return _set(settings, organization_id, local=True)


def act_as(role: Role) -> str:
    """Return SQL that makes the rest of a transaction run as the role."""
    settings = {"role": role.value}
    if role is Role.BACKGROUND:  # an operator's command may wait for the reader of its output
        settings[_IDLE] = _IDLE_SECONDS
    return _set(settings, None, local=True)


def with_confinement_check(statement: str, parameter: int) -> str:
    """Return the query with a check that fails unless the session is confined to the organization in a parameter.

    A pooler may run a statement in another session than the one that was confined. The check is part of the statement,
    so nothing can come between them, and it costs no round trip. PostgreSQL evaluates it once, before the first row.

    Args:
        statement: A SELECT.
        parameter: The number of the parameter with the organization: one more than the statement's last.
    """
    return f"SELECT * FROM ({statement}) AS checked WHERE {CONFINED}(${parameter})"  # noqa: S608 - no user input


def _set(settings: Mapping[str, str], organization_id: str | None, *, local: bool) -> str:
    values = {f"'{name}'": f"'{value}'" for name, value in settings.items()}
    if organization_id is not None:
        # Hexadecimal, so that the value cannot inject SQL.
        values[f"'{ORGANIZATION_SETTING}'"] = f"convert_from(decode('{organization_id.encode().hex()}', 'hex'), 'UTF8')"
    calls = (f"set_config({name}, {value}, {str(local).lower()})" for name, value in values.items())
    return f"SELECT {', '.join(calls)}"


def _write_timeouts(lock_seconds: float) -> dict[str, str]:
    # PostgreSQL may wait twice for one row: for the first place in the row's queue, and then for the row itself.
    # lock_timeout limits each wait, so statement_timeout limits the sum. If the time is shorter than a statement may
    # need to run, each wait gets half of it instead.
    if lock_seconds < _SHORTEST_STATEMENT:
        lock, statement = _milliseconds(lock_seconds / 2), _milliseconds(_SHORTEST_STATEMENT)
    else:
        lock = statement = _milliseconds(lock_seconds)
    return {"lock_timeout": lock, "statement_timeout": statement}


def _milliseconds(seconds: float) -> str:
    return f"{max(int(seconds * 1000), 1)}ms"

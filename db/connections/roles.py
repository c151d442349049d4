"""The roles on PostgreSQL, and the SQL that a transaction or a session starts with to act as one of them.

A login is a member of roles and acts as one of them at a time. None of the roles owns anything:

- SERVER answers requests. Row-level security shows it the rows of the organization that the session names.
- BACKGROUND does what a server does between requests, for all organizations: it delivers events and deletes expired
  answers. It may use the columns that this takes.
- OPERATOR runs commands that look across organizations, such as `check`.

The policies of BACKGROUND and OPERATOR hold for a session that acts as the role, not for one that merely inherits it:
seeing all organizations is always a deliberate step. `db.migrations.catalog` declares what each role may do.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A role. The value is its name in the database server."""

    SERVER = "pm_group_server"
    BACKGROUND = "pm_group_background"
    OPERATOR = "pm_group_operator"


ORGANIZATION_SETTING: Final = "group_sessions.organization_id"

CONFINED: Final = "pm_group_confined"
"""The function that fails unless its session is confined to the organization that it is given."""

NOT_CONFINED: Final = "PM001"
"""The SQLSTATE it fails with."""

LOCK_SECONDS: Final = 3.0
"""How long a transaction of a request waits for locks that others hold."""

# No statement, and no pause between two, may hold a connection and its locks for long: a server that has vanished from
# the network would hold them until the system notices, which takes hours.
_IDLE: Final = "idle_in_transaction_session_timeout"
_IDLE_SECONDS: Final = "60s"
_SHORTEST_STATEMENT: Final = 1.0


def confine_session(organization_id: str) -> str:
    """Return SQL that confines a session to reading one organization's rows, until it is confined anew.

    Run it outside of a transaction, so that no rollback undoes it.
    """
    settings = {
        "role": Role.SERVER,
        "default_transaction_read_only": "on",
        "timezone": "UTC",  # instants as text, such as in JSON, are in this zone
        # Readers wait only for whoever changes the schema.
        "lock_timeout": f"{LOCK_SECONDS:g}s",
        "statement_timeout": "10s",
        _IDLE: _IDLE_SECONDS,
    }
    return _set(settings, organization_id, local=False)


def confine_transaction(organization_id: str, lock_seconds: float) -> str:
    """Return SQL that confines the rest of a transaction to one organization's rows.

    Args:
        organization_id: The organization.
        lock_seconds: How long one statement may wait for locks.
    """
    settings = {"role": Role.SERVER, **_limits_of_writing(lock_seconds), _IDLE: _IDLE_SECONDS}
    return _set(settings, organization_id, local=True)


def act_as(role: Role) -> str:
    """Return SQL that has the rest of a transaction run as the role."""
    settings = {"role": role.value}
    if role is Role.BACKGROUND:  # a command may pause for as long as whoever reads its output does
        settings[_IDLE] = _IDLE_SECONDS
    return _set(settings, None, local=True)


def proving_confinement(statement: str, parameter: int) -> str:
    """Return the query such that it fails where the session is not confined to the organization in a parameter.

    Behind a pooler that pools transactions, a statement may run in another session than the one that was confined.
    The proof is part of the statement, so that nothing comes between the two, and costs no round trip. PostgreSQL
    evaluates it once, before the first row.

    Args:
        statement: A SELECT.
        parameter: The number of the parameter, one more than the statement has.
    """
    return f"SELECT * FROM ({statement}) AS proven WHERE {CONFINED}(${parameter})"  # noqa: S608 - SQL of ours


def _set(settings: Mapping[str, str], organization_id: str | None, *, local: bool) -> str:
    values = {f"'{name}'": f"'{value}'" for name, value in settings.items()}
    if organization_id is not None:
        # In hexadecimal nothing of the value can be read as SQL.
        values[f"'{ORGANIZATION_SETTING}'"] = f"convert_from(decode('{organization_id.encode().hex()}', 'hex'), 'UTF8')"
    calls = (f"set_config({name}, {value}, {str(local).lower()})" for name, value in values.items())
    return f"SELECT {', '.join(calls)}"


def _limits_of_writing(lock_seconds: float) -> dict[str, str]:
    # Whoever comes second for a row waits twice, for the place next to it and then for the row itself, and
    # lock_timeout is of each wait. So the statement is bounded as well; where it needs more than is left of the time
    # for what is no waiting, each wait has half of that.
    if lock_seconds < _SHORTEST_STATEMENT:
        lock, statement = _milliseconds(lock_seconds / 2), _milliseconds(_SHORTEST_STATEMENT)
    else:
        lock = statement = _milliseconds(lock_seconds)
    return {"lock_timeout": lock, "statement_timeout": statement}


def _milliseconds(seconds: float) -> str:
    return f"{max(int(seconds * 1000), 1)}ms"

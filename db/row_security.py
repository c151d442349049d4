"""The second wall on PostgreSQL: what answers a request runs in a role that sees one organization's rows.

The first wall is the condition on organization_id in every query. A query that forgets it still finds nothing of
another organization, changes nothing there, and puts nothing there. The login of DATABASE_URL owns the tables and is
not confined: operators' commands, which look across organizations, keep to it.
"""

from collections.abc import Mapping
from typing import Final

SERVER_ROLE: Final = "pm_group_server"
ORGANIZATION_SETTING: Final = "group_sessions.organization_id"

LOCK_SECONDS: Final = 3.0
"""How long a transaction of a request waits for what others have locked."""

# No statement, and no pause between two, may keep a connection and its locks for long: a server that has vanished from
# the network would keep them until the system notices, which takes hours.
_IDLE: Final = "idle_in_transaction_session_timeout"
_IDLE_SECONDS: Final = "60s"
_SHORTEST_STATEMENT: Final = 1.0


def confining_session(organization_id: str) -> str:
    """Gives SQL without parameters that confines a session to reading one organization's rows, until it is run anew.

    Run it outside of a transaction, so that nothing undoes it. It does not count as a statement.
    """
    bounds = {
        "role": SERVER_ROLE,
        "default_transaction_read_only": "on",
        "timezone": "UTC",  # instants as text, such as in JSON, are of this zone
        # Readers wait for nobody but who changes the schema.
        "lock_timeout": f"{LOCK_SECONDS:g}s",
        "statement_timeout": "10s",
        _IDLE: _IDLE_SECONDS,
    }
    return _setting(organization_id, bounds, "false")


def confining_text(organization_id: str, lock_seconds: float) -> str:
    """Gives SQL without parameters that confines the rest of a transaction to one organization's rows.

    It goes along with BEGIN, so it does not count as a statement, and ends with the transaction.

    Args:
        organization_id: The organization.
        lock_seconds: How long one statement may wait for locks.
    """
    bounds = {"role": SERVER_ROLE, **_bounds_of_writing(lock_seconds), _IDLE: _IDLE_SECONDS}
    return _setting(organization_id, bounds, "true")


def _setting(organization_id: str, settings: Mapping[str, str], ends_with_transaction: str) -> str:
    # In hexadecimal nothing of the value can be read as SQL.
    organization = f"convert_from(decode('{organization_id.encode().hex()}', 'hex'), 'UTF8')"
    values = {f"'{name}'": f"'{value}'" for name, value in settings.items()}
    values[f"'{ORGANIZATION_SETTING}'"] = organization
    calls = (f"set_config({name}, {value}, {ends_with_transaction})" for name, value in values.items())
    return f"SELECT {', '.join(calls)}"


def _bounds_of_writing(lock_seconds: float) -> dict[str, str]:
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

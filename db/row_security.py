"""The second wall on PostgreSQL: what answers a request runs in a role that sees one organization's rows.

The first wall is the condition on organization_id in every query. A query that forgets it still finds nothing of
another organization, changes nothing there, and puts nothing there. The login of DATABASE_URL owns the tables and is
not confined: operators' commands, which look across organizations, keep to it.
"""

from typing import Final

SERVER_ROLE: Final = "pm_group_server"
ORGANIZATION_SETTING: Final = "group_sessions.organization_id"

LOCK_SECONDS: Final = 3.0
"""How long a transaction of a request waits for what others have locked."""

# No statement, and no pause between two, may keep a connection and its locks for long: a server that has vanished from
# the network would keep them until the system notices, which takes hours.
_IDLE: Final = "set_config('idle_in_transaction_session_timeout', '60s', true)"
# Readers wait for nobody but who changes the schema.
_BOUNDS_OF_READING: Final = (
    f"set_config('lock_timeout', '{LOCK_SECONDS:g}s', true), set_config('statement_timeout', '10s', true), {_IDLE}"
)
_SHORTEST_STATEMENT: Final = 1.0


def confining_text(organization_id: str, lock_seconds: float | None = None) -> str:
    """Gives SQL without parameters that confines the rest of a transaction to one organization's rows.

    It goes along with BEGIN, so it does not count as a statement, and ends with the transaction.

    Args:
        organization_id: The organization.
        lock_seconds: How long one statement may wait for locks; None for a transaction that only reads.
    """
    # In hexadecimal nothing of the value can be read as SQL.
    organization = f"convert_from(decode('{organization_id.encode().hex()}', 'hex'), 'UTF8')"
    return (
        f"SELECT set_config('role', '{SERVER_ROLE}', true), set_config('{ORGANIZATION_SETTING}', {organization}, true),"
        f" {_BOUNDS_OF_READING if lock_seconds is None else _bounds_of_writing(lock_seconds)}"
    )


def _bounds_of_writing(lock_seconds: float) -> str:
    # Whoever comes second for a row waits twice, for the place next to it and then for the row itself, and
    # lock_timeout is of each wait. So the statement is bounded as well; where it needs more than is left of the time
    # for what is no waiting, each wait has half of that.
    if lock_seconds < _SHORTEST_STATEMENT:
        lock, statement = _milliseconds(lock_seconds / 2), _milliseconds(_SHORTEST_STATEMENT)
    else:
        lock = statement = _milliseconds(lock_seconds)
    return f"set_config('lock_timeout', '{lock}', true), set_config('statement_timeout', '{statement}', true), {_IDLE}"


def _milliseconds(seconds: float) -> str:
    return f"{max(int(seconds * 1000), 1)}ms"

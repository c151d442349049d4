"""What goes wrong with a database that is busy or away, told apart from what is wrong with a statement."""

import sqlite3
from enum import Enum, auto
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.roles import NOT_CONFINED


class Trouble(Enum):
    """What a fault means for whoever asked."""

    CONFLICT = auto()
    """Two transactions got in each other's way, and this one was undone. Run again, it may well succeed."""
    BUSY = auto()
    """A lock, a connection or an answer did not come in time. Nothing is broken."""
    GONE = auto()
    """The database cannot be reached, or cannot work."""


class Busy(Exception):
    """The database did not get round to it in time. Nothing was changed."""


class Unavailable(Exception):
    """The database cannot be used at present. Nothing was changed."""


class OutcomeUnknown(Unavailable):
    """The connection was lost while a change was being committed: whether it was, cannot be told from here."""


# PostgreSQL's codes, appendix A of its manual; two letters stand for the whole class.
_SQLSTATES: Final = {
    "40001": Trouble.CONFLICT,  # serialization_failure
    "40P01": Trouble.CONFLICT,  # deadlock_detected
    "55P03": Trouble.BUSY,  # lock_not_available
    "57014": Trouble.BUSY,  # query_canceled, by statement_timeout
    "25P03": Trouble.BUSY,  # idle_in_transaction_session_timeout
    "25006": Trouble.GONE,  # read_only_sql_transaction: a standby, after a failover
    "3D000": Trouble.GONE,  # invalid_catalog_name: there is no such database
    "57P01": Trouble.GONE,  # admin_shutdown
    "57P02": Trouble.GONE,  # crash_shutdown
    "57P03": Trouble.GONE,  # cannot_connect_now: it is starting
    "57P05": Trouble.GONE,  # idle_session_timeout
    NOT_CONFINED: Trouble.GONE,  # a pooler has brought the statement to another session
    "08": Trouble.GONE,  # connection exceptions
    "28": Trouble.GONE,  # it does not let us in
    "53": Trouble.GONE,  # out of connections, memory or disk
    "58": Trouble.GONE,  # the system under it fails
}
# What else may refuse a connection, and means something else of a statement: insufficient_privilege, and
# object_not_in_prerequisite_state, where the database takes none at present.
_REFUSED_CONNECTIONS: Final = frozenset({"42501", "55000"})
# https://www.sqlite.org/rescode.html; an extended code has its primary code in the lowest byte.
_SQLITE_CODES: Final = {
    sqlite3.SQLITE_BUSY_SNAPSHOT: Trouble.CONFLICT,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_PERM: Trouble.GONE,
    sqlite3.SQLITE_READONLY: Trouble.GONE,
    sqlite3.SQLITE_IOERR: Trouble.GONE,
    sqlite3.SQLITE_CORRUPT: Trouble.GONE,
    sqlite3.SQLITE_FULL: Trouble.GONE,
    sqlite3.SQLITE_CANTOPEN: Trouble.GONE,
    sqlite3.SQLITE_NOTADB: Trouble.GONE,
}


def trouble_of(fault: BaseException | None) -> Trouble | None:
    """Tells what a fault of the database means; None where it is no trouble of these kinds but a bug, or a rule."""
    if isinstance(fault, DBAPIError) and not fault.connection_invalidated:
        return _meaning(fault.orig)
    # What a driver tells itself, and not of a statement, is why there is no connection.
    refused = getattr(fault, "sqlstate", None) in _REFUSED_CONNECTIONS
    return Trouble.GONE if refused else _meaning(fault)


def _meaning(fault: BaseException | None) -> Trouble | None:
    if isinstance(fault, Busy | PoolTimeout):
        return Trouble.BUSY
    # asyncpg lets through what the network says: refused, reset, timed out.
    if isinstance(fault, Unavailable | OSError | DBAPIError):
        return Trouble.GONE
    sqlstate = getattr(fault, "sqlstate", None)
    if isinstance(sqlstate, str):
        return _SQLSTATES.get(sqlstate, _SQLSTATES.get(sqlstate[:2]))
    code = getattr(fault, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _SQLITE_CODES.get(code, _SQLITE_CODES.get(code & 0xFF))
    return None

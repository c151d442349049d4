"""What goes wrong with a database, classified: what it is called, and what it means for the request that met it."""

import errno
import sqlite3
import ssl
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.connections.roles import NOT_CONFINED


class Effect(Enum):
    """What a fault means for the request that met it."""

    CONFLICT = auto()
    """Two transactions got in each other's way, and this one was undone. Run again, it may well succeed."""
    BUSY = auto()
    """A lock, a connection or an answer did not come in time. Nothing is broken."""
    UNAVAILABLE = auto()
    """The database cannot be reached, or cannot work."""


class FaultKind(Enum):
    """A fault of the database, with the word that logs have for it, its effect, and the sentence of `/ready`."""

    CONFLICT = ("conflict", Effect.CONFLICT, "changes of the database are in each other's way")
    LOCKED = ("locked", Effect.BUSY, "the database is busy: a lock is held for too long")
    SLOW = ("slow", Effect.BUSY, "the database is slow: a statement took too long")
    QUEUE_FULL = ("queue_full", Effect.BUSY, "the database is busy: too many wait for a connection or their turn")
    NOT_ACCEPTING = ("not_accepting", Effect.UNAVAILABLE, "the database accepts no connections")
    TOO_MANY_CONNECTIONS = ("too_many_connections", Effect.UNAVAILABLE, "the database has no connections left")
    SILENT = ("silent", Effect.UNAVAILABLE, "the database does not answer in time")
    UNREACHABLE = ("unreachable", Effect.UNAVAILABLE, "the database's host cannot be reached")
    CONNECTION_LOST = ("connection_lost", Effect.UNAVAILABLE, "the database ended the connection")
    LOGIN_REFUSED = ("login_refused", Effect.UNAVAILABLE, "the database refuses the login")
    TLS_REFUSED = ("tls_refused", Effect.UNAVAILABLE, "the database and this server agree on no TLS connection")
    NO_SUCH_DATABASE = ("no_such_database", Effect.UNAVAILABLE, "the database does not exist")
    DISK_FULL = ("disk_full", Effect.UNAVAILABLE, "the database's disk is full")
    OUT_OF_RESOURCES = ("out_of_resources", Effect.UNAVAILABLE, "the database is out of memory or of another resource")
    READ_ONLY = ("read_only", Effect.UNAVAILABLE, "the database takes no changes: it is read-only")
    STORAGE_FAILED = ("storage_failed", Effect.UNAVAILABLE, "the database's storage fails")
    DAMAGED = ("damaged", Effect.UNAVAILABLE, "the database is damaged, or its file is no database")
    NOT_CONFINED = ("not_confined", Effect.UNAVAILABLE, "the database's sessions are not confined: a pooler mixes them")
    FILE_UNUSABLE = ("file_unusable", Effect.UNAVAILABLE, "the database's file cannot be opened")

    def __init__(self, word: str, effect: Effect, reason: str) -> None:
        self.word = word
        self.effect = effect
        self.reason = reason


class Busy(Exception):
    """The database did not get round to it in time. Nothing was changed."""

    def __init__(self, kind: FaultKind = FaultKind.QUEUE_FULL) -> None:
        super().__init__(kind.reason)
        self.kind = kind


class Unavailable(Exception):
    """The database cannot be used at present. Nothing was changed."""

    def __init__(self, kind: FaultKind = FaultKind.CONNECTION_LOST) -> None:
        super().__init__(kind.reason)
        self.kind = kind


class OutcomeUnknown(Unavailable):
    """The connection was lost while a change was being committed: whether it was, cannot be told from here."""


REFUSALS: Final = frozenset({FaultKind.DISK_FULL, FaultKind.OUT_OF_RESOURCES, FaultKind.READ_ONLY})
"""Faults that the database itself reports of a transaction, which it has undone: also of a commit."""

# PostgreSQL's codes, appendix A of its manual; two letters stand for the whole class.
_SQLSTATES: Final[Mapping[str, FaultKind]] = {
    "40001": FaultKind.CONFLICT,  # serialization_failure
    "40P01": FaultKind.CONFLICT,  # deadlock_detected
    "55P03": FaultKind.LOCKED,  # lock_not_available
    "57014": FaultKind.SLOW,  # query_canceled, by statement_timeout
    "25P03": FaultKind.SLOW,  # idle_in_transaction_session_timeout
    "25006": FaultKind.READ_ONLY,  # read_only_sql_transaction: a standby, after a failover
    "3D000": FaultKind.NO_SUCH_DATABASE,  # invalid_catalog_name
    "53100": FaultKind.DISK_FULL,
    "53300": FaultKind.TOO_MANY_CONNECTIONS,
    "57P01": FaultKind.NOT_ACCEPTING,  # admin_shutdown
    "57P02": FaultKind.NOT_ACCEPTING,  # crash_shutdown
    "57P03": FaultKind.NOT_ACCEPTING,  # cannot_connect_now: it is starting, or shutting down
    "57P05": FaultKind.CONNECTION_LOST,  # idle_session_timeout
    "XX001": FaultKind.DAMAGED,  # data_corrupted
    "XX002": FaultKind.DAMAGED,  # index_corrupted
    NOT_CONFINED: FaultKind.NOT_CONFINED,  # a pooler has brought the statement to another session
    "08": FaultKind.CONNECTION_LOST,  # connection exceptions
    "28": FaultKind.LOGIN_REFUSED,
    "53": FaultKind.OUT_OF_RESOURCES,
    "58": FaultKind.STORAGE_FAILED,  # the system under it fails
}
# What else may refuse a connection, and means something else of a statement.
_CONNECTION_SQLSTATES: Final[Mapping[str, FaultKind]] = {
    "42501": FaultKind.LOGIN_REFUSED,  # insufficient_privilege: it may not connect to this database
    "55000": FaultKind.NOT_ACCEPTING,  # object_not_in_prerequisite_state: ALLOW_CONNECTIONS is false
}
# https://www.sqlite.org/rescode.html; an extended code has its primary code in the lowest byte.
_SQLITE_CODES: Final[Mapping[int, FaultKind]] = {
    sqlite3.SQLITE_BUSY_SNAPSHOT: FaultKind.CONFLICT,
    sqlite3.SQLITE_BUSY: FaultKind.LOCKED,
    sqlite3.SQLITE_LOCKED: FaultKind.LOCKED,
    sqlite3.SQLITE_FULL: FaultKind.DISK_FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FaultKind.DISK_FULL,  # the index of its log cannot grow
    sqlite3.SQLITE_READONLY: FaultKind.READ_ONLY,
    sqlite3.SQLITE_IOERR: FaultKind.STORAGE_FAILED,
    sqlite3.SQLITE_CORRUPT: FaultKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: FaultKind.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: FaultKind.FILE_UNUSABLE,
    sqlite3.SQLITE_PERM: FaultKind.FILE_UNUSABLE,
}
_DISK_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED_BY_ONE_ADDRESS: Final = f"[Errno {errno.ECONNREFUSED}]"
_REJECTED_TLS: Final = "rejected SSL upgrade"
_DEMANDED_TLS: Final = ("no encryption", "SSL off")


def classify_fault(fault: BaseException | None) -> FaultKind | None:
    """Return which fault of a database this is; None for bugs, and for what the database's own rules refuse."""
    if isinstance(fault, Busy | Unavailable):
        return fault.kind
    if isinstance(fault, PoolTimeout):
        return FaultKind.QUEUE_FULL
    if isinstance(fault, DBAPIError):
        kind = _kind_of_driver_fault(fault.orig)
        lost = fault.connection_invalidated and (kind is None or kind.effect is not Effect.UNAVAILABLE)
        return FaultKind.CONNECTION_LOST if lost else kind
    # What a driver raises by itself, and not of a statement, is why there is no connection.
    sqlstate = getattr(fault, "sqlstate", None)
    return _CONNECTION_SQLSTATES.get(sqlstate or "") or _kind_of_driver_fault(fault)


def is_unavailable(fault: BaseException | None) -> bool:
    """Return whether the fault is that the database cannot be reached, or cannot work."""
    kind = classify_fault(fault)
    return kind is not None and kind.effect is Effect.UNAVAILABLE


def _kind_of_driver_fault(fault: BaseException | None) -> FaultKind | None:
    if isinstance(fault, OSError):  # asyncpg lets through what the network says
        return _kind_of_system_fault(fault)
    sqlstate = getattr(fault, "sqlstate", None)
    if isinstance(sqlstate, str):
        if sqlstate == "28000" and any(words in str(fault) for words in _DEMANDED_TLS):
            return FaultKind.TLS_REFUSED  # pg_hba.conf has entries for encrypted connections only
        return _SQLSTATES.get(sqlstate, _SQLSTATES.get(sqlstate[:2]))
    code = getattr(fault, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _SQLITE_CODES.get(code, _SQLITE_CODES.get(code & 0xFF))
    return None


def _kind_of_system_fault(fault: OSError) -> FaultKind:
    if isinstance(fault, ssl.SSLError) or _REJECTED_TLS in str(fault):
        return FaultKind.TLS_REFUSED
    if isinstance(fault, TimeoutError):
        return FaultKind.SILENT
    if _nobody_listens(fault):
        return FaultKind.NOT_ACCEPTING
    if isinstance(fault, ConnectionError):
        return FaultKind.CONNECTION_LOST
    if isinstance(fault, FileNotFoundError | PermissionError | NotADirectoryError):
        return FaultKind.FILE_UNUSABLE
    return FaultKind.DISK_FULL if fault.errno in _DISK_FULL_ERRNOS else FaultKind.UNREACHABLE


def _nobody_listens(fault: OSError) -> bool:
    # Of a host with several addresses there is one error, whose text has what each said. A file without a name is the
    # socket of a PostgreSQL that has stopped.
    missing_socket = isinstance(fault, FileNotFoundError) and fault.filename is None
    return missing_socket or isinstance(fault, ConnectionRefusedError) or _REFUSED_BY_ONE_ADDRESS in str(fault)

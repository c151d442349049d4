"""Database faults: the kinds of them, and what each means for the request that ran into it."""

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
    """What a fault means for the request."""

    CONFLICT = auto()
    """Concurrent transactions conflicted, and the database rolled this one back. A retry may succeed."""
    BUSY = auto()
    """A lock, a connection or a response did not come in time. Nothing is broken."""
    UNAVAILABLE = auto()
    """The database cannot be reached, or does not work."""


class FaultKind(Enum):
    """A kind of fault: the word that logs use for it, its effect, and the reason that messages and `/ready` give."""

    CONFLICT = ("conflict", Effect.CONFLICT, "concurrent changes conflicted")
    LOCKED = ("locked", Effect.BUSY, "the database is busy: a lock was held for too long")
    SLOW = ("slow", Effect.BUSY, "the database is slow: a statement took too long")
    QUEUE_FULL = ("queue_full", Effect.BUSY, "the database is busy: too many requests are waiting for it")
    NOT_ACCEPTING = ("not_accepting", Effect.UNAVAILABLE, "the database does not accept connections")
    NO_PRIMARY = ("no_primary", Effect.UNAVAILABLE, "no host of the database accepts writes")
    TOO_MANY_CONNECTIONS = (
        "too_many_connections",
        Effect.UNAVAILABLE,
        "the database has reached its limit of connections",
    )
    SILENT = ("silent", Effect.UNAVAILABLE, "the database did not respond in time")
    UNREACHABLE = ("unreachable", Effect.UNAVAILABLE, "the database host cannot be reached")
    CONNECTION_LOST = ("connection_lost", Effect.UNAVAILABLE, "the connection to the database was lost")
    LOGIN_REFUSED = ("login_refused", Effect.UNAVAILABLE, "the database rejected the login")
    TLS_REFUSED = ("tls_refused", Effect.UNAVAILABLE, "no TLS connection to the database could be established")
    NO_SUCH_DATABASE = ("no_such_database", Effect.UNAVAILABLE, "the database does not exist")
    DISK_FULL = ("disk_full", Effect.UNAVAILABLE, "the database disk is full")
    OUT_OF_RESOURCES = ("out_of_resources", Effect.UNAVAILABLE, "the database is out of memory or another resource")
    READ_ONLY = ("read_only", Effect.UNAVAILABLE, "the database is read-only")
    STORAGE_FAILED = ("storage_failed", Effect.UNAVAILABLE, "the database storage failed")
    DAMAGED = ("damaged", Effect.UNAVAILABLE, "the database is damaged, or its file is not a database")
    NOT_CONFINED = ("not_confined", Effect.UNAVAILABLE, "a connection pooler mixes database sessions")
    FILE_UNUSABLE = ("file_unusable", Effect.UNAVAILABLE, "the database file cannot be opened")

    def __init__(self, word: str, effect: Effect, reason: str) -> None:
        self.word = word
        self.effect = effect
        self.reason = reason


class Busy(Exception):
    """The database was too busy to respond in time. Nothing was changed."""

    def __init__(self, kind: FaultKind = FaultKind.QUEUE_FULL) -> None:
        super().__init__(kind.reason)
        self.kind = kind


class Unavailable(Exception):
    """The database cannot be used now. Nothing was changed."""

    def __init__(self, kind: FaultKind = FaultKind.CONNECTION_LOST) -> None:
        super().__init__(kind.reason)
        self.kind = kind


class OutcomeUnknown(Unavailable):
    """The connection was lost during a commit, so the change may or may not be stored."""


REFUSALS: Final = frozenset({FaultKind.DISK_FULL, FaultKind.OUT_OF_RESOURCES, FaultKind.READ_ONLY})
"""Faults that the database reports after it has rolled the transaction back. They are final even during a commit."""

# SQLSTATE codes of PostgreSQL (appendix A of its manual). Two characters stand for the whole class.
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
    "57P03": FaultKind.NOT_ACCEPTING,  # cannot_connect_now: starting up or shutting down
    "57P05": FaultKind.CONNECTION_LOST,  # idle_session_timeout
    "XX001": FaultKind.DAMAGED,  # data_corrupted
    "XX002": FaultKind.DAMAGED,  # index_corrupted
    NOT_CONFINED: FaultKind.NOT_CONFINED,  # a pooler ran the statement in another session
    "26000": FaultKind.NOT_CONFINED,  # invalid_sql_statement_name: it was prepared in another session
    "42P05": FaultKind.NOT_CONFINED,  # duplicate_prepared_statement: by another connection in this session
    "08": FaultKind.CONNECTION_LOST,  # connection exceptions
    "28": FaultKind.LOGIN_REFUSED,
    "53": FaultKind.OUT_OF_RESOURCES,
    "58": FaultKind.STORAGE_FAILED,  # system_error, outside of PostgreSQL
}
# Codes that mean this only for a connection. For a statement they mean something else.
_CONNECTION_SQLSTATES: Final[Mapping[str, FaultKind]] = {
    "42501": FaultKind.LOGIN_REFUSED,  # insufficient_privilege: no CONNECT on this database
    "55000": FaultKind.NOT_ACCEPTING,  # object_not_in_prerequisite_state: ALLOW_CONNECTIONS is false
}
# https://www.sqlite.org/rescode.html. The lowest byte of an extended code is its primary code.
_SQLITE_CODES: Final[Mapping[int, FaultKind]] = {
    sqlite3.SQLITE_BUSY_SNAPSHOT: FaultKind.CONFLICT,
    sqlite3.SQLITE_BUSY: FaultKind.LOCKED,
    sqlite3.SQLITE_LOCKED: FaultKind.LOCKED,
    sqlite3.SQLITE_FULL: FaultKind.DISK_FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: FaultKind.DISK_FULL,  # the index of the write-ahead log cannot grow
    sqlite3.SQLITE_READONLY: FaultKind.READ_ONLY,
    sqlite3.SQLITE_IOERR: FaultKind.STORAGE_FAILED,
    sqlite3.SQLITE_CORRUPT: FaultKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: FaultKind.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: FaultKind.FILE_UNUSABLE,
    sqlite3.SQLITE_PERM: FaultKind.FILE_UNUSABLE,
}
_DISK_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED_BY_AN_ADDRESS: Final = f"[Errno {errno.ECONNREFUSED}]"
_TLS_REJECTED: Final = "rejected SSL upgrade"
_STATEMENTS_POOLED: Final = "statement pooling mode"
_TLS_REQUIRED: Final = ("no encryption", "SSL off")


def classify_fault(fault: BaseException | None) -> FaultKind | None:
    """Return the kind of a database fault. Return None for bugs and for violated constraints."""
    if isinstance(fault, Busy | Unavailable):
        return fault.kind
    if isinstance(fault, PoolTimeout):
        return FaultKind.QUEUE_FULL
    if isinstance(fault, DBAPIError):
        kind = _kind_of_driver_fault(fault.orig)
        lost = fault.connection_invalidated and (kind is None or kind.effect is not Effect.UNAVAILABLE)
        return FaultKind.CONNECTION_LOST if lost else kind
    # Drivers raise their own exceptions when connecting. SQLAlchemy wraps those of statements in DBAPIError.
    sqlstate = getattr(fault, "sqlstate", None)
    return _CONNECTION_SQLSTATES.get(sqlstate or "") or _kind_of_driver_fault(fault)


def is_unavailable(fault: BaseException | None) -> bool:
    """Return whether the fault means that the database cannot be reached, or does not work."""
    kind = classify_fault(fault)
    return kind is not None and kind.effect is Effect.UNAVAILABLE


def _kind_of_driver_fault(fault: BaseException | None) -> FaultKind | None:
    if isinstance(fault, OSError):  # asyncpg does not wrap network errors
        return _kind_of_system_fault(fault)
    sqlstate = getattr(fault, "sqlstate", None)
    if isinstance(sqlstate, str):
        if sqlstate == "28000" and any(phrase in str(fault) for phrase in _TLS_REQUIRED):
            return FaultKind.TLS_REFUSED  # pg_hba.conf accepts encrypted connections only
        if sqlstate[:2] == "08" and _STATEMENTS_POOLED in str(fault):
            return FaultKind.NOT_CONFINED  # PgBouncer refuses transactions
        return _SQLSTATES.get(sqlstate, _SQLSTATES.get(sqlstate[:2]))
    code = getattr(fault, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _SQLITE_CODES.get(code, _SQLITE_CODES.get(code & 0xFF))
    return None


def _kind_of_system_fault(fault: OSError) -> FaultKind:
    if isinstance(fault, ssl.SSLError) or _TLS_REJECTED in str(fault):
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
    # asyncio raises one error for a host with several addresses. Its text has the error of each address. A missing file
    # without a name is the Unix socket of a PostgreSQL that is not running.
    missing_socket = isinstance(fault, FileNotFoundError) and fault.filename is None
    return missing_socket or isinstance(fault, ConnectionRefusedError) or _REFUSED_BY_AN_ADDRESS in str(fault)

"""Messages to the operator on standard error, one line each."""

import socket
import ssl
import sys
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.connections.faults import Busy, FaultKind, Unavailable, classify_fault

DATABASE_ERRORS: Final = (
    EmulatedDBAPIException,  # a connection that is refused before it runs a statement
    *(DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, PoolTimeoutError, Busy, Unavailable),
    *(ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError),  # the driver does not wrap these
)

POOL_MODE_HINT: Final = (
    "set DATABASE_POOL_MODE=transaction if the pooler in front of PostgreSQL pools transactions (PgBouncer: pool_mode ="
    " transaction), or configure it to pool sessions (pool_mode = session)"
)


def print_message(message: str) -> None:
    """Write the message as one line to standard error, after the program's name."""
    sys.stderr.write(f"group-sessions: {' '.join(message.split())}\n")
    sys.stderr.flush()


def database_error_message(error: BaseException) -> str:
    """Return a sentence for one of DATABASE_ERRORS."""
    kind = classify_fault(error)
    reason = "the database cannot be used" if kind is None else kind.reason
    if kind is FaultKind.NOT_CONFINED:
        return f"{reason}: {POOL_MODE_HINT}"
    return reason if isinstance(error, Busy | Unavailable) else f"{reason}: {_first_line(error)}"


def system_error_message(error: OSError) -> str:
    """Return a sentence for an error of the operating system."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, FileNotFoundError):  # the driver does not name the Unix socket that is missing
        return "cannot connect to the database: the folder that DATABASE_URL names as host contains no socket"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    """Return the first line of the driver's error, without the statement, link and hint that drivers append."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

"""Errors of drivers and of the network map to kinds of faults."""

import errno
import sqlite3
import ssl

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.connections.faults import Busy, Effect, FaultKind, OutcomeUnknown, Unavailable, classify_fault


class FromPostgres(Exception):
    def __init__(self, sqlstate: str, message: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class FromSQLite(Exception):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.sqlite_errorcode = code


def of_statement(fault: Exception, *, lost: bool = False) -> DBAPIError:
    return DBAPIError("SELECT 1", None, fault, connection_invalidated=lost)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("40001", FaultKind.CONFLICT),
        ("40P01", FaultKind.CONFLICT),
        ("55P03", FaultKind.LOCKED),
        ("57014", FaultKind.SLOW),
        ("57P01", FaultKind.NOT_ACCEPTING),
        ("57P03", FaultKind.NOT_ACCEPTING),
        ("08006", FaultKind.CONNECTION_LOST),
        ("28P01", FaultKind.LOGIN_REFUSED),
        ("3D000", FaultKind.NO_SUCH_DATABASE),
        ("25006", FaultKind.READ_ONLY),
        ("53100", FaultKind.DISK_FULL),
        ("53200", FaultKind.OUT_OF_RESOURCES),
        ("53300", FaultKind.TOO_MANY_CONNECTIONS),
        ("58030", FaultKind.STORAGE_FAILED),
        ("XX001", FaultKind.DAMAGED),
        ("23505", None),
        ("42501", None),
        ("42P01", None),
        ("55000", None),
    ],
)
def test_sqlstates_of_statements_map_to_kinds(state: str, kind: FaultKind | None) -> None:
    assert classify_fault(of_statement(FromPostgres(state))) is kind


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ConnectionRefusedError(), FaultKind.NOT_ACCEPTING),
        (FromPostgres("57P03"), FaultKind.NOT_ACCEPTING),
        (FromPostgres("55000"), FaultKind.NOT_ACCEPTING),
        (FromPostgres("53300"), FaultKind.TOO_MANY_CONNECTIONS),
        (FromPostgres("42501"), FaultKind.LOGIN_REFUSED),
        (FromPostgres("28000", 'no pg_hba.conf entry for host "10.0.0.7"'), FaultKind.LOGIN_REFUSED),
        (FromPostgres("28000", "no pg_hba.conf entry, no encryption"), FaultKind.TLS_REFUSED),
        (ConnectionError('PostgreSQL server at "db:5432" rejected SSL upgrade'), FaultKind.TLS_REFUSED),
        (ssl.SSLCertVerificationError(), FaultKind.TLS_REFUSED),
        (TimeoutError(), FaultKind.SILENT),
        (OSError(errno.EHOSTUNREACH, ""), FaultKind.UNREACHABLE),
        (ConnectionResetError(), FaultKind.CONNECTION_LOST),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), FaultKind.NOT_ACCEPTING),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/srv/clinic.db"), FaultKind.FILE_UNUSABLE),
        (
            OSError("Multiple exceptions: [Errno 111] ('::1', 5432), [Errno 111] ('10.0.0.7', 5432)"),
            FaultKind.NOT_ACCEPTING,
        ),
        (OSError(errno.ENOSPC, ""), FaultKind.DISK_FULL),
        (PoolTimeout(), FaultKind.QUEUE_FULL),
        (ValueError(), None),
    ],
)
def test_errors_of_connecting_map_to_kinds(fault: Exception, kind: FaultKind | None) -> None:
    assert classify_fault(fault) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, FaultKind.DISK_FULL),
        (sqlite3.SQLITE_IOERR_SHMSIZE, FaultKind.DISK_FULL),
        (sqlite3.SQLITE_IOERR_WRITE, FaultKind.STORAGE_FAILED),
        (sqlite3.SQLITE_READONLY_DBMOVED, FaultKind.READ_ONLY),
        (sqlite3.SQLITE_CORRUPT, FaultKind.DAMAGED),
        (sqlite3.SQLITE_CANTOPEN, FaultKind.FILE_UNUSABLE),
        (sqlite3.SQLITE_BUSY, FaultKind.LOCKED),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, FaultKind.CONFLICT),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, None),
    ],
)
def test_error_codes_of_sqlite_map_to_kinds(code: int, kind: FaultKind | None) -> None:
    assert classify_fault(of_statement(FromSQLite(code))) is kind


def test_a_lost_connection_keeps_the_kind_of_its_last_error() -> None:
    assert classify_fault(of_statement(Exception(), lost=True)) is FaultKind.CONNECTION_LOST
    assert classify_fault(of_statement(FromPostgres("57P01"), lost=True)) is FaultKind.NOT_ACCEPTING
    assert classify_fault(of_statement(FromPostgres("57014"), lost=True)) is FaultKind.CONNECTION_LOST


def test_exceptions_of_transactions_keep_their_kind() -> None:
    for kind in FaultKind:
        assert classify_fault(Unavailable(kind)) is kind
        assert classify_fault(OutcomeUnknown(kind)) is kind
        assert classify_fault(Busy(kind)) is kind


def test_words_and_reasons_are_unique() -> None:
    assert len({kind.word for kind in FaultKind}) == len({kind.reason for kind in FaultKind}) == len(FaultKind)
    assert {kind.effect for kind in FaultKind} == set(Effect)

"""The database file of SQLite: private to its user, and reopened if it is replaced.

The file contains patients' records, and so do its companions (-wal, -shm, -journal). SQLite creates those with the
permissions of the file.

A connection keeps the file that it opened. If that file is deleted or replaced, for example by a restored backup, the
connection would continue to read and write the old one.
"""

import asyncio
import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

_COMPANIONS = ("-wal", "-shm", "-journal")
_OPENED = "group_sessions_opened_file"


async def connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
    """Open a connection as `aiosqlite.connect` does. If the caller is cancelled, close it as soon as it is open.

    aiosqlite loses a connection if it is cancelled while its thread opens the file. Nothing would close it.
    """
    connection = aiosqlite.connect(*arguments, **options)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: the thread must not keep the process alive
    opening = asyncio.ensure_future(connection)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _close_opened(opening: "asyncio.Future[aiosqlite.Connection]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().stop()


def follow_file(engine: AsyncEngine, path: Path, *, may_create: bool) -> None:
    """Make the engine replace connections whose file is no longer the one at the path.

    Args:
        engine: An engine for SQLite.
        path: The database file.
        may_create: Whether to create the file if it is missing. If not, connecting raises FileNotFoundError.
    """
    path = path.absolute()

    @event.listens_for(engine.sync_engine, "do_connect")
    def _prepare_file(_dialect: Any, _record: Any, _arguments: Any, _keywords: Any) -> None:
        if not may_create and not path.exists():
            raise FileNotFoundError(
                errno.ENOENT, "there is no database. Create one with `group-sessions migrate`", str(path)
            )
        _make_private(path)

    @event.listens_for(engine.sync_engine, "connect")
    def _record_file(_connection: Any, record: Any) -> None:
        record.info[_OPENED] = _identity(path)

    @event.listens_for(engine.sync_engine, "checkout")
    def _check_file(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get(_OPENED) != _identity(path):
            raise DisconnectionError


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, private to the user. Existing folders stay as they are."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)


def _make_private(path: Path) -> None:
    # SQLite would create the file with the umask, which usually lets everybody read it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # The file of an earlier release, or a restored one, may be readable by others.
    for file in (path, *(path.with_name(path.name + ending) for ending in _COMPANIONS)):
        with suppress(FileNotFoundError, PermissionError):  # only the owner can change the permissions
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

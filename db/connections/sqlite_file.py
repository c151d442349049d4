"""The file that SQLite's database is in: only its user may read it, and a pool's connections keep to it.

It holds patients' records, and so do its companions (-wal, -shm, -journal). SQLite makes them with the permissions of
the file.

A connection holds on to the file that it opened. Where that is deleted, or another is put in its place (a backup, say,
that is restored), it would go on reading and writing what nobody will ever see again.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

_COMPANIONS = ("-wal", "-shm", "-journal")
_OPENED = "group_sessions_opened_file"


def keep_to_file(engine: AsyncEngine, path: Path, *, may_create: bool) -> None:
    """Make the engine open a new connection where an old one is to another file than the path leads to.

    Args:
        engine: An engine of SQLite.
        path: The database's file.
        may_create: Whether the file is made where there is none; else connecting raises FileNotFoundError.
    """
    path = path.absolute()

    @event.listens_for(engine.sync_engine, "do_connect")
    def _refuse_to_create(_dialect: Any, _record: Any, _arguments: Any, _named: Any) -> None:
        if not may_create and not path.exists():
            raise FileNotFoundError(errno.ENOENT, "there is no database; `group-sessions migrate` makes one", str(path))
        _close_to_others(path)

    @event.listens_for(engine.sync_engine, "connect")
    def _note_file(_connection: Any, record: Any) -> None:
        record.info[_OPENED] = _identity(path)

    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_another_file(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get(_OPENED) != _identity(path):
            raise DisconnectionError


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their user alone. Folders that are there stay as is."""
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _close_to_others(path: Path) -> None:
    # SQLite itself would make the file as the umask has it, and most let everybody read.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # One that an earlier release has made, or somebody restored.
    for file in (path, *(path.with_name(path.name + ending) for ending in _COMPANIONS)):
        with suppress(FileNotFoundError, PermissionError):  # another's file is for its owner to close
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

"""Keeps the connections of a pool to the file that SQLite's database is in.

A connection holds on to the file that it opened. Where that is deleted, or another is put in its place (a backup, say,
that is restored), it would go on reading and writing what nobody will ever see again.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

_OPENED = "group_sessions_opened_file"


def keep_to_file(engine: AsyncEngine, path: Path, *, may_create: bool) -> None:
    """Has the engine open a new connection where an old one is to another file than the path leads to.

    Args:
        engine: An engine of SQLite.
        path: The database's file.
        may_create: Whether the file is made where there is none; else connecting raises FileNotFoundError.
    """
    path = path.absolute()

    @event.listens_for(engine.sync_engine, "do_connect")
    def _refuse_to_create(_dialect: Any, _record: Any, _arguments: Any, _named: Any) -> None:
        if not may_create:
            path.stat()

    @event.listens_for(engine.sync_engine, "connect")
    def _note_file(_connection: Any, record: Any) -> None:
        record.info[_OPENED] = _identity(path)

    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_another_file(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get(_OPENED) != _identity(path):
            raise DisconnectionError


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

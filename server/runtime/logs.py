"""Logging: one JSON object a line on standard error.

An exception is logged by its type and the places it passed, without its message: messages of databases and parsers
quote the values they could not take, and those may be a patient's.
"""

import inspect
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from db.connections.faults import classify_fault

_log = logging.getLogger("group_sessions.faults")
_SILENCED: Final = ("strawberry.execution",)  # it logs every error with the document, literals included


def configure_logging(level: str) -> None:
    """Send every logger's records of this level and above to standard error as JSON lines; so what Python prints."""
    # What no line tells is not looked up for each (the Python manual's "Logging HOWTO", Optimization).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - that manual's name for: do not look up who logs
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.unraisablehook = _log_unraisable
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)  # the request log says more
    # Below it SQLAlchemy and drivers tell statements with their parameters, and Alembic each step of every start.
    # HTTP clients tell addresses and headers.
    for name in ("sqlalchemy", "aiosqlite", "asyncpg", "alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    silence_document_logging()


def _log_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    # Python would print several lines, and whatever the exception quotes. Of a coroutine it says that nobody awaited
    # it: graphql-core leaves those of fields beside one that has failed, hundreds of them in a long list.
    level = logging.DEBUG if inspect.iscoroutine(unraisable.object) else logging.ERROR
    _log.log(level, "an exception that nobody can catch", exc_info=unraisable.exc_value)


def silence_document_logging() -> None:
    """Keep GraphQL's own logger quiet; `server.responses.errors` logs faults in its place."""
    for name in _SILENCED:
        logging.getLogger(name).disabled = True


class JsonLines(logging.Formatter):
    """Format a record as one JSON object: time, level, logger, message, its `fields`, and the fault's places.

    Faults of the database have their word of `db.connections.faults` as `cause`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            if (kind := classify_fault(record.exc_info[1])) is not None:
                line["cause"] = kind.word
            line["fault"] = describe_fault(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def describe_fault(fault: BaseException) -> list[dict[str, Any]]:
    """Return the exception and its causes: type, database's code and statement (parameters are marks), and places."""
    described: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = fault
    while current is not None and id(current) not in seen and len(described) < 10:
        seen.add(id(current))
        one: dict[str, Any] = {"type": f"{type(current).__module__}.{type(current).__qualname__}"}
        for name in ("sqlstate", "sqlite_errorname", "constraint_name", "statement"):
            value = getattr(current, name, None)
            if isinstance(value, str):
                one[name] = value
        one["at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)[-30:]
        ]
        described.append(one)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return described

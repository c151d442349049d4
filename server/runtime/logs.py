"""Logging: one JSON object per line on standard error.

An exception is logged with its type and stack, without its message: databases and parsers quote the value that they
reject, which may be a patient's data.
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
_SILENCED: Final = ("strawberry.execution",)  # it logs the whole document with each error, literals included


def configure_logging(level: str) -> None:
    """Write the records of all loggers at this level and above, Python's warnings included, to standard error."""
    # Do not collect what no line contains (see "Optimization" in Python's Logging HOWTO).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the documented way to skip looking up the caller
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.unraisablehook = _log_unraisable
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)  # the request log has more detail
    # Below WARNING, SQLAlchemy and the drivers log statements with their parameters, Alembic logs each step of every
    # start, and HTTP clients log addresses and headers.
    for name in ("sqlalchemy", "aiosqlite", "asyncpg", "alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    silence_document_logging()


def _log_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    # By default Python prints several lines, with the exception's message. For a coroutine the warning is that it was
    # never awaited: graphql-core drops those of the fields beside a failed one, hundreds of them in a long list.
    level = logging.DEBUG if inspect.iscoroutine(unraisable.object) else logging.ERROR
    _log.log(level, "an unraisable exception", exc_info=unraisable.exc_value)


def silence_document_logging() -> None:
    """Disable strawberry's logger. `server.responses.errors` logs faults in its place."""
    for name in _SILENCED:
        logging.getLogger(name).disabled = True


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, its `fields`, and the fault's stack.

    For a fault of the database, `cause` is its kind (see `db.connections.faults`).
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without a line break."""
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
    """Return the exception and its causes: type, error code and statement (without its parameters), and stack."""
    descriptions: list[dict[str, Any]] = []
    described: set[int] = set()
    current: BaseException | None = fault
    while current is not None and id(current) not in described and len(descriptions) < 10:
        described.add(id(current))
        description: dict[str, Any] = {"type": f"{type(current).__module__}.{type(current).__qualname__}"}
        for name in ("sqlstate", "sqlite_errorname", "constraint_name", "statement"):
            value = getattr(current, name, None)
            if isinstance(value, str):
                description[name] = value
        description["at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)[-30:]
        ]
        descriptions.append(description)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return descriptions

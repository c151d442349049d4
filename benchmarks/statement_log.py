"""Reads the statements of a request from PostgreSQL's log, which works in the same way for every server."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.postgres import Postgres

# The format of PostgreSQL: "… LOG:  statement: BEGIN" or "… LOG:  execute name: SELECT …", continued on lines that
# start with a tab; then "… DETAIL:  Parameters: $1 = 'text', $2 = NULL".
_STATEMENT = re.compile(
    r"LOG:  (?:statement|execute [^:]*): (?P<text>.*(?:\n\t.*)*)"
    r"(?:\n.*DETAIL:  [Pp]arameters: (?P<parameters>.*(?:\n\t.*)*))?"
)
_PARAMETER = re.compile(r"\$\d+ = (?:NULL|'((?:[^']|'')*)')")
_RELOAD_SECONDS = 0.5
"""The time until all processes of PostgreSQL have reloaded the settings."""
_TRANSACTION_COMMANDS = {"BEGIN", "COMMIT", "ROLLBACK"}


@dataclass(frozen=True, slots=True)
class LoggedStatement:
    """A statement that was sent, with its parameters as text."""

    text: str
    parameters: Sequence[str | None]

    @property
    def bounds_transaction(self) -> bool:
        """Whether the statement begins or ends a transaction."""
        return self.text.upper().split(maxsplit=1)[0].rstrip(";") in _TRANSACTION_COMMANDS


async def statements_of(postgres: Postgres, send_request: Callable[[], object]) -> list[LoggedStatement]:
    """Return the statements that a request causes, without those that begin or end transactions."""
    await _log_statements(postgres, "all")
    start = postgres.log.stat().st_size
    send_request()
    end = postgres.log.stat().st_size
    await _log_statements(postgres, "none")
    with postgres.log.open("rb") as log:
        log.seek(start)
        text = log.read(end - start).decode()
    return [statement for statement in parse_log(text) if not statement.bounds_transaction]


def parse_log(log: str) -> list[LoggedStatement]:
    """Return the statements in a part of PostgreSQL's log, in order."""
    return [
        LoggedStatement(" ".join(match["text"].split()), _parameters(match["parameters"]))
        for match in _STATEMENT.finditer(log)
    ]


def _parameters(text: str | None) -> list[str | None]:
    matches = _PARAMETER.finditer(text or "")
    return [None if match[1] is None else match[1].replace("''", "'") for match in matches]


async def _log_statements(postgres: Postgres, which: str) -> None:
    connection = await postgres.connect()
    await connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await asyncio.sleep(_RELOAD_SECONDS)

"""What reaches PostgreSQL while something is asked, read from its own log: the same measure for every server."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.postgres import Postgres

# "… LOG:  statement: BEGIN" or "… LOG:  execute name: SELECT …", continued on lines that start with a tab; then
# "… DETAIL:  Parameters: $1 = 'text', $2 = NULL", as PostgreSQL writes them.
_STATEMENT = re.compile(
    r"LOG:  (?:statement|execute [^:]*): (?P<text>.*(?:\n\t.*)*)"
    r"(?:\n.*DETAIL:  [Pp]arameters: (?P<parameters>.*(?:\n\t.*)*))?"
)
_PARAMETER = re.compile(r"\$\d+ = (?:NULL|'((?:[^']|'')*)')")
_RELOAD_SECONDS = 0.5
"""How long the signal to read the settings again may take to reach all processes of PostgreSQL."""
_BOUNDS = {"BEGIN", "COMMIT", "ROLLBACK"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent: its text, and its parameters as text."""

    text: str
    parameters: Sequence[str | None]

    @property
    def bounds_transaction(self) -> bool:
        """Whether all it does is begin or end a transaction."""
        return self.text.upper().split(maxsplit=1)[0].rstrip(";") in _BOUNDS


async def statements_of(postgres: Postgres, ask: Callable[[], object]) -> list[Sent]:
    """Return the statements that a request sends, without those that bound transactions."""
    await _log_statements(postgres, "all")
    start = postgres.log.stat().st_size
    ask()
    end = postgres.log.stat().st_size
    await _log_statements(postgres, "none")
    with postgres.log.open("rb") as log:
        log.seek(start)
        told = log.read(end - start).decode()
    return [sent for sent in statements_in(told) if not sent.bounds_transaction]


def statements_in(log: str) -> list[Sent]:
    """Return the statements that a part of PostgreSQL's log tells, in their order."""
    return [Sent(" ".join(each["text"].split()), _parameters(each["parameters"])) for each in _STATEMENT.finditer(log)]


def _parameters(told: str | None) -> list[str | None]:
    found = _PARAMETER.finditer(told or "")
    return [None if each[1] is None else each[1].replace("''", "'") for each in found]


async def _log_statements(postgres: Postgres, which: str) -> None:
    connection = await postgres.connect()
    await connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await asyncio.sleep(_RELOAD_SECONDS)

"""Counts the statements that a request sends, and measures the time they take."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

# The execution option of statements that begin a transaction. They are not counted.
UNCOUNTED: Final = "group_sessions_uncounted"


Observe = Callable[[str, float], None]


@dataclass(slots=True)
class StatementCount:
    """The number of statements that one request has sent, and the seconds it has waited for them.

    Attributes:
        statements: The number.
        seconds: The seconds.
        observe: Receives the text of each statement, which contains no values, and its seconds.
    """

    statements: int = 0
    seconds: float = 0.0
    observe: Observe | None = None


_current: ContextVar[StatementCount | None] = ContextVar("statement_count", default=None)


def start_counting(observe: Observe | None = None) -> StatementCount:
    """Return a count that every statement of the calling task, and of tasks that it starts, increments."""
    count = StatementCount(observe=observe)
    _current.set(count)
    return count


def record_statement(text: str, seconds: float) -> None:
    """Add a statement and its duration to the calling task's count."""
    count = _current.get()
    if count is not None:
        count.statements += 1
        count.seconds += seconds
        if count.observe is not None:
            count.observe(text, seconds)


def count_statements(engine: AsyncEngine) -> None:
    """Make the engine count the statements that SQLAlchemy sends, except BEGIN, COMMIT and ROLLBACK."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _before(_connection: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: Any) -> None:
        if context is not None:
            context.group_sessions_started = time.perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def _after(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: Any) -> None:
        started = getattr(context, "group_sessions_started", None)
        if started is not None and UNCOUNTED not in context.execution_options:
            record_statement(statement, time.perf_counter() - started)

"""The database's clock, in SQL. Relays on several hosts agree on it, even if their own clocks are wrong."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import Instant


def in_seconds(connection: AsyncConnection, seconds: float = 0) -> ColumnElement[datetime]:
    """Return the instant `seconds` after the start of the statement."""
    if connection.dialect.name == "sqlite":
        # `Instant` is stored with microseconds. SQLite's clock has milliseconds.
        return func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"{seconds:+.3f} seconds", type_=Instant)
    # Not clock_timestamp(): PostgreSQL evaluates it for each row, so it could not use an index.
    present = func.statement_timestamp(type_=Instant)
    return type_coerce(present + literal(timedelta(seconds=seconds), Interval), Instant)

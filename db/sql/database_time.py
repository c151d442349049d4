"""The database's clock, in SQL. What relays agree on by time they agree on by this one, however wrong theirs are."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import Instant


def in_seconds(connection: AsyncConnection, seconds: float = 0) -> ColumnElement[datetime]:
    """Return the instant so many seconds after the statement's beginning."""
    if connection.dialect.name == "sqlite":
        # As `Instant` is stored: with microseconds, of which SQLite's clock knows the first three digits.
        return func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"{seconds:+.3f} seconds", type_=Instant)
    # Not clock_timestamp: that one is read anew for each row, so that no index could be searched by it.
    present = func.statement_timestamp(type_=Instant)
    return type_coerce(present + literal(timedelta(seconds=seconds), Interval), Instant)

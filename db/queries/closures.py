"""Lists of closures, and the closures of windows of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, exists, or_

from db.queries.pages import ListFilter
from db.sql.closures import CLOSURES_OF_WINDOW, placed_closure, window_parameters
from db.sql.listings import Condition, Conditions, Listing
from db.sql.rows import CLOSURES as LAYOUT
from db.tables import closures, locations
from db.transactions.snapshots import Snapshot
from domain.closures import PlacedClosure
from domain.records import Closure

_columns = closures.c


@dataclass(frozen=True, slots=True)
class ClosureFilter(ListFilter):
    """Narrows the list of closures. None narrows nothing. Deleted closures are never listed.

    Attributes:
        from_date: The first day of a window; closures that end before it are left out.
        through_date: The last day of a window; closures that start after it are left out.
        location_id: The location that the closures close.
    """

    from_date: date | None = None
    through_date: date | None = None
    location_id: str | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        values = {
            "from_date": self.from_date,
            "through_date": self.through_date,
            "location_id": self.location_id,
        }
        return {"not_deleted": None, **{name: value for name, value in values.items() if value is not None}}


_own, _site = locations.alias("own"), locations.alias("site")
# The same rule as `PlacedClosure.closes`.
_closes_as_site = (
    exists()
    .where(
        _site.c.organization_id == _columns.organization_id,
        _site.c.id == _columns.location_id,
        _site.c.room.is_(None),
        _site.c.site == _own.c.site,
    )
    .correlate(closures, _own)
)
_closes_location = exists().where(
    _own.c.organization_id == _columns.organization_id,
    _own.c.id == bindparam("location_id", type_=_own.c.id.type),
    or_(_columns.location_id.is_(None), _columns.location_id == _own.c.id, _closes_as_site),
)
_CONDITIONS: Final[dict[str, Condition]] = {
    "not_deleted": _columns.deleted_at.is_(None),
    "from_date": _columns.through_date >= bindparam("from_date", type_=_columns.through_date.type),
    "through_date": _columns.from_date <= bindparam("through_date", type_=_columns.from_date.type),
    "location_id": _closes_location,
}

CLOSURES: Listing[Closure] = Listing(
    "closures",
    closures,
    LAYOUT,
    (_columns.from_date, _columns.id),
    (date, UUID),
    ("from_date", "id"),
    None,
    _CONDITIONS,
)
"""Closures by their first day and id."""


@dataclass(frozen=True, slots=True)
class DayWindow:
    """The days from the first through the last."""

    from_date: date
    through_date: date


async def closures_of_windows(snapshot: Snapshot, windows: Sequence[DayWindow]) -> dict[DayWindow, list[PlacedClosure]]:
    """Return the closures of which a day is in each window, by their first day, by one statement for all windows."""
    first = min(window.from_date for window in windows)
    last = max(window.through_date for window in windows)
    rows = await snapshot.fetch(CLOSURES_OF_WINDOW, window_parameters(first, last))
    all_closures = list(map(placed_closure, rows))
    return {
        window: [
            placed
            for placed in all_closures
            if placed.closure.from_date <= window.through_date and placed.closure.through_date >= window.from_date
        ]
        for window in windows
    }

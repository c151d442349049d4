"""The closures of a window of days, together with their locations."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import and_, bindparam, select

from db.sql.rows import CLOSURE_COLUMNS, LOCATION_COLUMNS, closure_record, location_record
from db.sql.statement import Statement, of_organization
from db.tables import closures, locations
from domain.closures import MAX_DAYS, PlacedClosure

_columns = closures.c
_LONGEST: Final = timedelta(days=MAX_DAYS - 1)
_JOINED: Final = closures.outerjoin(
    locations, and_(locations.c.organization_id == _columns.organization_id, locations.c.id == _columns.location_id)
)

CLOSURES_OF_WINDOW: Final = Statement(
    select(*CLOSURE_COLUMNS, *(column.label(f"place_{column.name}") for column in LOCATION_COLUMNS))
    .select_from(_JOINED)
    .where(
        of_organization(closures),
        _columns.deleted_at.is_(None),
        # No closure that started earlier reaches the window. So the index is read only around the window.
        _columns.from_date >= bindparam("earliest", type_=_columns.from_date.type),
        _columns.from_date <= bindparam("through_date", type_=_columns.from_date.type),
        _columns.through_date >= bindparam("from_date", type_=_columns.from_date.type),
    )
    .order_by(_columns.from_date, _columns.id)
)
"""The closures of which a day is in a window, by their first day, each with the columns of its location.

Its parameters are those of `window_parameters`.
"""


def window_parameters(from_date: date, through_date: date) -> Mapping[str, Any]:
    """Return the parameters of a window of days, which includes both."""
    earliest = from_date - _LONGEST if from_date - date.min > _LONGEST else date.min
    return {"earliest": earliest, "from_date": from_date, "through_date": through_date}


def placed_closure(row: Sequence[Any]) -> PlacedClosure:
    """Return the closure of a row of CLOSURES_OF_WINDOW."""
    of_closure, of_location = row[: len(CLOSURE_COLUMNS)], row[len(CLOSURE_COLUMNS) :]
    closure = closure_record(of_closure)
    return PlacedClosure(closure, None if closure.location_id is None else location_record(of_location))

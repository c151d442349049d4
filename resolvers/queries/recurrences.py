"""The dates of recurrences, and their summaries."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from db.queries.closures import DayWindow, closures_of_windows
from db.queries.references import LOCATIONS
from domain.closures import closed_days
from domain.plan import last_day_of_window
from domain.recurrence import Recurrence, first_dates, occurrence_dates
from domain.recurrence_input import RecurrenceDraft, parse_preview
from domain.recurrence_summary import summarize
from domain.refusal import Fault, FaultCode, Refusal
from resolvers.arguments import day, in_order
from resolvers.context import Context
from resolvers.errors import BadInput

MAX_DATES: Final = 1000
DEFAULT_DATES: Final = 10
DEFAULT_PREVIEW: Final = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """The dates of a recurrence and its summary, or the faults of an invalid one.

    Attributes:
        dates: The dates on which a group would meet.
        closed_dates: The dates of the recurrence among them and before them on which a closure keeps it from meeting.
        summary: The recurrence in words; None if it is invalid.
        faults: The faults.
    """

    dates: list[date]
    closed_dates: list[date]
    summary: str | None
    faults: tuple[Fault, ...] = ()


async def next_dates(
    recurrences: Sequence[Recurrence], context: Context, from_: date | None = None, first: int | None = DEFAULT_DATES
) -> list[list[date]]:
    """Return the next dates of each recurrence, by default from its start date. Raise BadInput."""
    day(from_, "from")
    size = _size(DEFAULT_DATES if first is None else first)

    def compute(recurrence: Recurrence) -> list[date]:
        return first_dates(recurrence, from_ or recurrence.start_date, size)

    return await context.clinic.pace.map(compute, recurrences)


async def preview(
    context: Context,
    draft: RecurrenceDraft,
    from_date: date | None,
    through_date: date | None,
    first: int | None,
    location_id: str | None = None,
) -> Preview:
    """Return the dates of a recurrence that is not stored, by default of the 24 months from its start date.

    Args:
        context: The request.
        draft: The recurrence.
        from_date: The first date; None for the start date.
        through_date: The last date; None for 24 months.
        first: The maximum number of dates.
        location_id: The location whose closures count, besides those of the organization; None for no location.

    Raises:
        BadInput: A date or the size is out of range. An invalid recurrence has faults in the preview.
    """
    day(from_date, "from")
    day(through_date, "through")
    in_order(from_date, through_date)
    size = _size(DEFAULT_PREVIEW if first is None else first)
    zone = context.clinic.default_time_zone
    [parsed] = await context.clinic.pace.map(lambda draft: _parse(draft, zone), (draft,))
    faults = parsed.faults if isinstance(parsed, Refusal) else ()
    location = None if location_id is None else await context.loaders.records(LOCATIONS).load(location_id)
    if location_id is not None and location is None:
        faults = (*faults, Fault(FaultCode.NOT_FOUND, "No location has this id.", ("locationId",)))
    if isinstance(parsed, Refusal) or faults:
        return Preview([], [], None, faults)
    start = from_date or parsed.start_date
    longest = last_day_of_window(start)
    window = DayWindow(start, min(through_date or longest, longest))
    closures = await context.loaders.values(closures_of_windows).load(window) or ()
    closed = closed_days(closures, location, window.from_date, window.through_date)
    [result] = await context.clinic.pace.map(lambda recurrence: _preview(recurrence, window, closed, size), (parsed,))
    return result


def _parse(draft: RecurrenceDraft, default_zone: str) -> Recurrence | Refusal:
    try:
        return parse_preview(draft, default_zone)
    except Refusal as refusal:
        return refusal


def _preview(recurrence: Recurrence, window: DayWindow, closed: Container[date], size: int) -> Preview:
    dates: list[date] = []
    closed_dates: list[date] = []
    for date_ in occurrence_dates(recurrence, window.from_date, window.through_date):
        if len(dates) == size:
            break
        (closed_dates if date_ in closed else dates).append(date_)
    return Preview(dates, closed_dates, summarize(recurrence))


def _size(first: int) -> int:
    if not 1 <= first <= MAX_DATES:
        raise BadInput(f"`first` must be between 1 and {MAX_DATES:,}.", "first")
    return first

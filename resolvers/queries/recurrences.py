"""The dates of recurrences, and their summaries. Nothing is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from domain.generation import last_day_of_window
from domain.recurrence import Recurrence, first_dates, occurrence_dates
from domain.recurrence_input import RecurrenceDraft, parse_preview
from domain.recurrence_summary import summarize
from domain.refusal import Refusal
from resolvers.arguments import day, in_order
from resolvers.context import Context
from resolvers.errors import BadInput

MAX_DATES: Final = 1000
DEFAULT_DATES: Final = 10
DEFAULT_PREVIEW: Final = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """The dates of a recurrence and its summary, or the refusal of an invalid one."""

    dates: list[date]
    summary: str | None
    refusal: Refusal | None = None


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
    context: Context, draft: RecurrenceDraft, from_date: date | None, through_date: date | None, first: int | None
) -> Preview:
    """Return the dates of a recurrence that is not stored, by default of the 24 months from its start date.

    Raises:
        BadInput: A date or the size is out of range. An invalid recurrence is a refusal in the preview.
    """
    day(from_date, "from")
    day(through_date, "through")
    in_order(from_date, through_date)
    size = _size(DEFAULT_PREVIEW if first is None else first)
    zone = context.clinic.default_time_zone

    def compute(draft: RecurrenceDraft) -> Preview:
        return _preview(draft, zone, from_date, through_date, size)

    [result] = await context.clinic.pace.map(compute, (draft,))
    return result


def _preview(
    draft: RecurrenceDraft, default_zone: str, from_date: date | None, through_date: date | None, size: int
) -> Preview:
    try:
        recurrence = parse_preview(draft, default_zone)
    except Refusal as refusal:
        return Preview([], None, refusal)
    start = from_date or recurrence.start_date
    longest = last_day_of_window(start)
    end = min(through_date or longest, longest)
    return Preview(list(islice(occurrence_dates(recurrence, start, end), size)), summarize(recurrence))


def _size(first: int) -> int:
    if not 1 <= first <= MAX_DATES:
        raise BadInput(f"`first` must be between 1 and {MAX_DATES:,}.")
    return first

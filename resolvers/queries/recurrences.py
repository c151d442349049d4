"""The days and the words of recurrences. Nothing is read or written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from domain.generation import last_day_of_window
from domain.groups import RecurrenceDraft
from domain.recurrence import Recurrence, first_dates, occurrence_dates, parse_recurrence
from domain.recurrence_summary import summarize
from domain.refusal import Refusal
from resolvers.arguments import day, in_order
from resolvers.context import Context
from resolvers.errors import BadInput

LARGEST = 1000
NEXT = 10
PREVIEWED = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """The days of a recurrence and its words, or why it is refused."""

    dates: list[date]
    summary: str | None
    refusal: Refusal | None = None


async def next_dates(
    recurrences: Sequence[Recurrence], context: Context, from_: date | None = None, first: int | None = NEXT
) -> list[list[date]]:
    """Return the next days of each recurrence, by default from its start date. Raise BadInput."""
    day(from_, "from")
    size = _size(NEXT if first is None else first)

    def compute(recurrence: Recurrence) -> list[date]:
        return first_dates(recurrence, from_ or recurrence.start_date, size)

    return await context.clinic.pace.map(compute, recurrences)


async def preview(
    context: Context, draft: RecurrenceDraft, from_date: date | None, through_date: date | None, first: int | None
) -> Preview:
    """Return the days of a recurrence that is not stored, by default of the 24 months from its start date.

    Raises:
        BadInput: For a window or a size that cannot be; what is wrong with the recurrence itself is in the preview.
    """
    day(from_date, "from")
    day(through_date, "through")
    in_order(from_date, through_date)
    size = _size(PREVIEWED if first is None else first)

    def compute(draft: RecurrenceDraft) -> Preview:
        return _preview(draft, from_date, through_date, size)

    [found] = await context.clinic.pace.map(compute, (draft,))
    return found


def _preview(draft: RecurrenceDraft, from_date: date | None, through_date: date | None, size: int) -> Preview:
    try:
        recurrence = parse_recurrence(
            draft.rule, draft.start_date, draft.start_time, draft.excluded_dates, ("recurrence",)
        )
    except Refusal as refusal:
        return Preview([], None, refusal)
    start = from_date or recurrence.start_date
    longest = last_day_of_window(start)
    end = min(through_date or longest, longest)
    return Preview(list(islice(occurrence_dates(recurrence, start, end), size)), summarize(recurrence))


def _size(first: int) -> int:
    if not 1 <= first <= LARGEST:
        raise BadInput(f"first must be 1 to {LARGEST:,}; it is {first}.")
    return first

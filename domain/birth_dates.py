"""Which days a patient of today can be born on: a registry's slips of the pen are refused rather than kept."""

from datetime import date, timedelta
from typing import Final

FIRST_BIRTH_YEAR: Final = 1880


def birth_fault(first: date, last: date, today: date) -> str | None:
    """Return what is wrong with a birth date, in words after "the birth date"; None where nothing is.

    Args:
        first: The first day that it may be: 1 January where only the year is known.
        last: The last day that it may be.
        today: The day, in UTC. Elsewhere on earth it may be a day ahead.
    """
    if last.year < FIRST_BIRTH_YEAR:
        return f"is before {FIRST_BIRTH_YEAR}"
    return "is ahead of today" if first > today + timedelta(days=1) else None

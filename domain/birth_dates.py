"""Plausible birth dates. A date outside of them is a typing error in the registry and is refused."""

from datetime import date, timedelta
from typing import Final

FIRST_BIRTH_YEAR: Final = 1880


def birth_fault(first: date, last: date, today: date) -> str | None:
    """Return what is wrong with a birth date, as a phrase that follows "the birth date"; None if it is plausible.

    Args:
        first: The first possible day: 1 January if only the year is known.
        last: The last possible day.
        today: Today's date in UTC. Some time zones are a day ahead.
    """
    if last.year < FIRST_BIRTH_YEAR:
        return f"is before {FIRST_BIRTH_YEAR}"
    return "is in the future" if first > today + timedelta(days=1) else None

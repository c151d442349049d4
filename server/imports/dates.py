"""Dates in files, which may be partial (a year or month), and instants."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Final

from domain.birth_dates import birth_fault
from server.imports.text_fields import InvalidResource

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE
)
_CLOCK_SKEW: Final = timedelta(days=1)


def birth_date(text: str | None, today: date) -> date | None:
    """Return the date, or None if only the year or month is known. Raise InvalidResource if it is not plausible."""
    if text is None:
        return None
    days = _first_and_last_day(text)
    if days is None:
        raise InvalidResource("birthDate is not a date")
    first, last = days
    if fault := birth_fault(first, last, today):
        raise InvalidResource(f"birthDate {fault}")
    return first if first == last else None


def last_day(text: object) -> date | None:
    """Return the last day of a partial date or of an instant, or None if the text is neither."""
    days = _first_and_last_day(text.partition("T")[0]) if isinstance(text, str) else None
    return days[1] if days else None


def first_day(text: object) -> date | None:
    """Return the first day of a partial date or of an instant, or None if the text is neither."""
    days = _first_and_last_day(text.partition("T")[0]) if isinstance(text, str) else None
    return days[0] if days else None


def instant(text: object) -> datetime | None:
    """Return the instant in UTC, or None if the text is not a date and time with an offset."""
    parts = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        return None
    fraction = (parts[2] or ".0")[:7]
    try:
        return datetime.fromisoformat(f"{parts[1]}{fraction}{parts[3].upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def past_instant(text: object, now: datetime) -> datetime | None:
    """Return the instant in UTC, or None if the text is not one, or if it is more than a day after `now`."""
    time = instant(text)
    # A time in the future, from a wrong clock, would make all later versions look older.
    return time if time is not None and time <= now + _CLOCK_SKEW else None


def _first_and_last_day(text: str) -> tuple[date, date] | None:
    parts = _DATE.fullmatch(text)
    if parts is None:
        return None
    year, month, day = (int(part) if part else None for part in parts.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if day is not None:
        return first, first
    return first, date(first.year, month or 12, monthrange(first.year, month or 12)[1])

"""FHIR's dates and instants, which may be known to the year, the month, the day or the second."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from typing import Final

from domain.birth_dates import birth_fault
from server.fhir.refusal import RefusedLine

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE
)


def birth_date(text: str | None, today: date) -> date | None:
    """Return the day, None where only the year or month is known. Raise RefusedLine where nobody can be born then."""
    if text is None:
        return None
    days = _days(text)
    if days is None:
        raise RefusedLine("birthDate is not a date")
    first, last = days
    if fault := birth_fault(first, last, today):
        raise RefusedLine(f"birthDate {fault}")
    return first if first == last else None


def last_day(text: object) -> date | None:
    """Return the last day that a date or a time of FHIR is about, None where it is neither."""
    days = _days(text.partition("T")[0]) if isinstance(text, str) else None
    return days[1] if days else None


def first_day(text: object) -> date | None:
    """Return the first day that a date or a time of FHIR is about, None where it is neither."""
    days = _days(text.partition("T")[0]) if isinstance(text, str) else None
    return days[0] if days else None


def instant(text: object) -> datetime | None:
    """Return the instant in UTC, None where the text is not a date, a time and a zone."""
    parts = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        return None
    fraction = (parts[2] or ".0")[:7]
    try:
        return datetime.fromisoformat(f"{parts[1]}{fraction}{parts[3].upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _days(text: str) -> tuple[date, date] | None:
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

"""Conversion of wall-clock times to instants, according to the IANA time zone database."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Entries of the time zone database that are not zones: the machine's own setting, and the marker of an unset zone.
_NOT_ZONES = frozenset({"Factory", "localtime", "posixrules"})


def instant(day: date, time: time, zone: str) -> datetime:
    """Return the instant, in UTC, at which clocks in the zone show a date and time.

    As in RFC 5545, section 3.3.5: if the time occurs twice (clocks go back), it is the first of the two. If it does not
    occur (clocks go forward), it is read with the offset before the gap, so 2:30 becomes 3:30.

    Raises:
        ZoneInfoNotFoundError: The zone does not exist (see `is_time_zone`).
    """
    # By PEP 495, fold=0 handles both cases as the RFC does.
    return datetime.combine(day, time.replace(fold=0) if time.fold else time, ZoneInfo(zone)).astimezone(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """Return the date in the zone at an instant, which must be an aware datetime."""
    return instant.astimezone(ZoneInfo(zone)).date()


def local_datetime(instant: datetime, zone: str) -> datetime:
    """Return the date and time that clocks in the zone show at an instant, which must be an aware datetime."""
    return instant.astimezone(ZoneInfo(zone))


def is_time_zone(name: str) -> bool:
    """Return whether the text is the name of an IANA time zone, in its exact spelling."""
    return name in _time_zones()


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_ZONES

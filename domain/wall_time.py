"""Wall-clock time and the instants it stands for, by the IANA time zone database."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Files that time zone databases hold, but no places: the machine's own setting, and the marker of an unset zone.
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})


def instant(day: date, time: time, zone: str) -> datetime:
    """Return the instant, in UTC, at which clocks in the zone show this date and time.

    A time that occurs twice that day (clocks go back) is the first of the two; one that does not occur (clocks go
    forward) is read with the offset before the gap, so 2:30 becomes 3:30: RFC 5545, section 3.3.5.

    Raises:
        ZoneInfoNotFoundError: The zone is none of is_time_zone.
    """
    # PEP 495: fold=0 reads both cases just as the RFC does.
    return datetime.combine(day, time.replace(fold=0), ZoneInfo(zone)).astimezone(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """Return the date on calendars in the zone at an instant (a datetime with an offset)."""
    return instant.astimezone(ZoneInfo(zone)).date()


def is_time_zone(name: str) -> bool:
    """Return whether this is the name of an IANA time zone, spelled as it is there. Takes any text, raises nothing."""
    return name in _time_zones()


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACES

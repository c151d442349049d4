"""Dates and times as calendar files write them (RFC 5545, sections 3.3.4 and 3.3.5), and their days in a time zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from domain.wall_time import instant, is_time_zone, local_date

_MOMENT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")
_YEARS: Final = range(1900, 2200)
"""Years in which a time has a date in every time zone."""
_LAST_YEAR: Final = date(2100, 1, 1)
_WINDOWS_ZONES: Final = {
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "Aleutian Standard Time": "America/Adak",
    "Alaskan Standard Time": "America/Anchorage",
    "Pacific Standard Time": "America/Los_Angeles",
    "US Mountain Standard Time": "America/Phoenix",
    "Mountain Standard Time": "America/Denver",
    "Central Standard Time": "America/Chicago",
    "US Eastern Standard Time": "America/Indiana/Indianapolis",
    "Eastern Standard Time": "America/New_York",
    "SA Western Standard Time": "America/Puerto_Rico",
    "West Pacific Standard Time": "Pacific/Guam",
}
"""Outlook's names of the time zones of the United States (Unicode CLDR, windowsZones)."""


@dataclass(frozen=True, slots=True)
class CalendarMoment:
    """A value of DTSTART, EXDATE or UNTIL.

    Attributes:
        day: The date.
        at: The time of day; None for a whole day.
        zone: The IANA time zone of both; None for local time, which is in the time zone of the reader.
    """

    day: date
    at: time | None = None
    zone: str | None = None

    def day_at(self, start: time, zone: str) -> date | None:
        """Return the day in a zone on which a session that starts at a time starts at this moment; None for no day.

        A whole day is itself.
        """
        if self.at is None:
            return self.day
        if self.zone in (None, zone) or self.day.year not in _YEARS:
            return self.day if self.at == start else None
        moment = instant(self.day, self.at, self.zone)
        day = local_date(moment, zone)
        return day if instant(day, start, zone) == moment else None

    def last_day_at(self, start: time, zone: str) -> date:
        """Return the last day in a zone on which a session that starts at a time starts no later than this moment."""
        if self.at is None or self.day.year not in _YEARS:
            return self.day
        if self.zone in (None, zone):
            return self.day if start <= self.at else self.day - timedelta(days=1)
        moment = instant(self.day, self.at, self.zone)
        day = local_date(moment, zone)
        return day if instant(day, start, zone) <= moment else day - timedelta(days=1)


def read_moment(text: str, zone: str | None = None) -> CalendarMoment | None:
    """Return a date, or a time in UTC or in the given zone. Return None if the text is neither."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[group] or 0) for group in range(1, 7))
    try:
        # Python has no leap seconds.
        moment = datetime(year, month, day, hour, minute, 59 if second == 60 else second)  # noqa: DTZ001 - local time
    except ValueError:
        return None
    if match[4] is None:
        return CalendarMoment(moment.date())
    return CalendarMoment(moment.date(), moment.time(), "UTC" if match[7] else zone)


def zone_of(name: str) -> str | None:
    """Return the IANA time zone of a TZID: its name, Outlook's name of it, or a path that ends with its name.

    Return None if the zone is unknown. Evolution and Thunderbird write such paths.
    """
    if is_time_zone(name):
        return name
    if name in _WINDOWS_ZONES:
        return _WINDOWS_ZONES[name]
    steps = name.rsplit("/", 3) if name.startswith("/") else []
    tails = ("/".join(steps[-count:]) for count in (3, 2, 1) if count < len(steps))
    return next(filter(is_time_zone, tails), None)


def are_alike(zone: str, other: str, first_day: date, at: time) -> bool:
    """Return whether clocks in both zones show a time at the same instants: in the first year, and in the last."""
    if zone == other:
        return True
    days = (begin + timedelta(days=number) for begin in (first_day, _LAST_YEAR) for number in range(365))
    return all(instant(day, at, zone) == instant(day, at, other) for day in days)

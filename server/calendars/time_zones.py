"""Time zones as iCalendar describes them (RFC 5545, VTIMEZONE).

The library's own function skips periods of a few weeks, such as Ramadan in Morocco.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def describe_time_zone(name: str, first: datetime, last: datetime) -> Timezone:
    """Return the time zone from one instant to another, both in UTC: what clocks show first, and each change."""
    zone = ZoneInfo(name)
    described = Timezone()
    described.add("TZID", name)
    described.add_component(_observance(zone, first, first))
    for change in _changes(zone, first, last):
        described.add_component(_observance(zone, change - _MINUTE, change))
    return described


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the instants from which clocks show another offset, to the minute."""
    before = first
    while before < last:
        after = before + _DAY
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield _change(zone, before, after)
        before = after


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after


def _observance(zone: ZoneInfo, before: datetime, start: datetime) -> TimezoneStandard | TimezoneDaylight:
    """Return what clocks show from `start`. Its DTSTART is in the offset that they have `before`."""
    local = start.astimezone(zone)
    offset_before = before.astimezone(zone).utcoffset() or timedelta()
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("DTSTART", start.astimezone(UTC).replace(tzinfo=None) + offset_before)
    observance.add("TZOFFSETFROM", offset_before)
    observance.add("TZOFFSETTO", local.utcoffset())
    observance.add("TZNAME", local.tzname())
    return observance

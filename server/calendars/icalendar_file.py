"""Sessions as an iCalendar file (RFC 5545)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vDuration

from db.queries.calendar_feeds import FeedSession
from server.calendars.time_zones import describe_time_zone

_PRODUCT: Final = "-//Group Sessions//Calendar feed//EN"
_REFRESH: Final = timedelta(hours=1)
_MARGIN: Final = timedelta(days=2)


def icalendar_file(sessions: Sequence[FeedSession]) -> bytes:
    """Return the file. The UID of an event is the id of its session, and its SEQUENCE the session's version."""
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(_REFRESH))
    for zone in _time_zones(sessions):
        calendar.add_component(zone)
    for session in sessions:
        calendar.add_component(_event(session))
    content: bytes = calendar.to_ical()
    return content


def _time_zones(sessions: Sequence[FeedSession]) -> Iterator[Timezone]:
    """Yield the time zones of the sessions, each for the days that it is needed."""
    for name in sorted({session.time_zone for session in sessions}):
        own = [session for session in sessions if session.time_zone == name]
        first = min(session.starts_at for session in own).astimezone(UTC)
        last = max(session.ends_at for session in own).astimezone(UTC)
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
        yield describe_time_zone(name, midnight - _MARGIN, last + _MARGIN)


def _event(session: FeedSession) -> Event:
    event = Event()
    event.add("UID", f"{session.id}@group-sessions")
    event.add("SEQUENCE", session.version)
    event.add("DTSTAMP", session.updated_at)
    event.add("LAST-MODIFIED", session.updated_at)
    starts_at, ends_at = _local_times(session)
    event.add("DTSTART", starts_at)
    event.add("DTEND", ends_at)
    event.add("SUMMARY", session.group_name)
    if session.site is not None:
        event.add("LOCATION", session.site if session.room is None else f"{session.site}, {session.room}")
    event.add("STATUS", "CANCELLED" if session.is_cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if session.is_cancelled else "OPAQUE")
    return event


def _local_times(session: FeedSession) -> tuple[datetime, datetime]:
    """Return the start and the end in the session's zone; in UTC in the hour that clocks show twice.

    A file cannot say that a time is the second one of that hour.
    """
    zone = ZoneInfo(session.time_zone)
    times = (session.starts_at.astimezone(zone), session.ends_at.astimezone(zone))
    return (session.starts_at, session.ends_at) if any(time.fold for time in times) else times

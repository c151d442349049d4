"""The time zones in a feed, for calendar programs that know only what the file says."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID

import pytest
from icalendar import Calendar

from db.queries.calendar_feeds import FeedSession
from server.calendars.icalendar_file import icalendar_file

ZONES = [
    "America/Denver",
    "America/Phoenix",
    "America/St_Johns",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
]
"""Zones with and without summer time, with half hours and two hours, and with a winter of five weeks."""


def _session(number: int, time_zone: str) -> FeedSession:
    starts_at = datetime(2026, 10, 25, 3, 30, tzinfo=UTC) + timedelta(hours=35 * number)
    ends_at = starts_at + timedelta(hours=1)
    return FeedSession(
        UUID(int=number), "Grief", None, None, starts_at, ends_at, time_zone, "SCHEDULED", number, starts_at
    )


@pytest.mark.parametrize("time_zone", ZONES)
def test_a_file_describes_its_time_zones_itself(time_zone: str) -> None:
    sessions = [_session(number, time_zone) for number in range(270)]
    calendar = Calendar.from_ical(icalendar_file(sessions))
    [described] = calendar.timezones
    zone = described.to_tz(lookup_tzid=False)
    events = {str(event["UID"]).partition("@")[0]: event for event in calendar.events}
    for session in sessions:
        event = events[str(session.id)]
        assert (_instant(event.start, zone), _instant(event.end, zone)) == (session.starts_at, session.ends_at)


def _instant(time: date, zone: tzinfo) -> datetime:
    """Return the instant of a time in UTC or in a zone."""
    assert isinstance(time, datetime)
    return (time if str(time.tzinfo) == "UTC" else time.replace(tzinfo=zone)).astimezone(UTC)


def test_programs_learn_how_often_to_read_a_feed() -> None:
    lines = icalendar_file([]).decode().splitlines()
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"} <= set(lines)

"""Weeks: seven local days from a first weekday, and the time of each day that has a session."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from domain.wall_time import instant

_DAYS_OF_WEEK = 7
_CACHED_WEEKS = 200

Session = tuple[datetime, datetime]
"""The start and the end of a session, as instants."""


class DatedSession(NamedTuple):
    """The start and the end of a session, and its local date, which decides who is expected at it."""

    starts_at: datetime
    ends_at: datetime
    session_date: date

    @property
    def times(self) -> Session:
        """The start and the end."""
        return self.starts_at, self.ends_at


def week_start(day: date, first_weekday: int) -> date:
    """Return the first day of the week that contains a day. `first_weekday` is 0 for Monday."""
    return day - timedelta(days=(day.weekday() - first_weekday) % _DAYS_OF_WEEK)


def week_end(week_start: date) -> date:
    """Return the last day of the week that begins on a day."""
    return week_start + timedelta(days=_DAYS_OF_WEEK - 1)


def day_of(moment: datetime, week_start: date, zone: str) -> date | None:
    """Return the local day of an instant; None if it is not in the week that begins on `week_start`."""
    midnights = _midnights(week_start, zone)
    if not midnights[0] <= moment < midnights[-1]:
        return None
    return week_start + timedelta(days=bisect_right(midnights, moment) - 1)


def sessions_by_week(sessions: Iterable[Session], first_day: date, count: int, zone: str) -> list[list[Session]]:
    """Return the sessions of each of `count` weeks from `first_day`. One that lasts into another week is in both."""
    starts = _starts_of_weeks(first_day, count, zone)
    weeks: list[list[Session]] = [[] for _ in range(count)]
    for start, end in sessions:
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
        for number in range(max(first, 0), min(last, count - 1) + 1):
            weeks[number].append((start, end))
    return weeks


def time_by_day(first: date, zone: str, sessions: Iterable[Session]) -> dict[date, timedelta]:
    """Return the time with a session for each day that has any, in order."""
    midnights = _midnights(first, zone)
    by_day: dict[date, timedelta] = {}
    for start, end in _without_overlap(sessions):
        start, end = max(start, midnights[0]), min(end, midnights[-1])  # noqa: PLW2901 - only the time within the week
        while start < end:
            number = bisect_right(midnights, start) - 1
            day, until = first + timedelta(days=number), min(end, midnights[number + 1])
            by_day[day] = by_day.get(day, timedelta()) + (until - start)
            start = until  # noqa: PLW2901 - a session may last beyond midnight
    return by_day


@lru_cache(_CACHED_WEEKS)
def _midnights(first: date, zone: str) -> tuple[datetime, ...]:
    """Return the instants that separate the days of a week. A day has 23 or 25 hours when the clocks change."""
    return tuple(instant(first + timedelta(days=number), time(), zone) for number in range(_DAYS_OF_WEEK + 1))


@lru_cache(_CACHED_WEEKS)
def _starts_of_weeks(first: date, count: int, zone: str) -> tuple[datetime, ...]:
    """Return the instants at which `count` weeks and the one after them begin."""
    return tuple(instant(first + timedelta(weeks=number), time(), zone) for number in range(count + 1))


def _without_overlap(sessions: Iterable[Session]) -> list[Session]:
    stretches: list[Session] = []
    for start, end in sorted(sessions):
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches

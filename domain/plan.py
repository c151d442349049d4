"""The plan: the sessions that a group's definition has in a window of days, without those that closures cost.

It depends on nothing else, so the same definition, closures and window always have the same plan.
"""

import calendar
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from domain.records import GroupDefinition
from domain.recurrence import occurrence_dates
from domain.refusal import Fault, FaultCode, Refusal
from domain.session_drafts import date_fault, session_instants, time_after

MAX_MONTHS = 24
MAX_SESSIONS = 731
"""The maximum number of sessions in a window: one a day, for two years with at most one leap day."""


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session as the definition has it, on a day of the recurrence. The fields are those of `Occurrence`."""

    session_date: date
    start_time: time
    end_time: time
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    facilitator_id: str
    co_facilitator_id: str | None
    location_id: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a group for a window of days.

    Attributes:
        from_date: The first day of the window.
        through_date: The last day of the window.
        sessions: The sessions by the day of the recurrence, in order.
        closed_dates: The days of the recurrence that a closure costs, in order. They have no session.
        closed_days: All days on which a closure applies to the group.
    """

    from_date: date
    through_date: date
    sessions: Mapping[date, PlannedSession]
    closed_dates: tuple[date, ...]
    closed_days: Collection[date]

    def covers(self, day: date) -> bool:
        """Return whether a day is in the window."""
        return self.from_date <= day <= self.through_date


def plan_sessions(group: GroupDefinition, closed_days: Collection[date], from_date: date, through_date: date) -> Plan:
    """Return the plan of a group for a window, including both days. Without a recurrence it has no sessions.

    Args:
        group: The definition.
        closed_days: The days in the window on which a closure applies to the group.
        from_date: The first day.
        through_date: The last day.

    Raises:
        Refusal: INVALID if sessions would end after midnight. Earlier releases stored such definitions.
    """
    recurrence = group.recurrence
    days = [] if recurrence is None else list(occurrence_dates(recurrence, from_date, through_date))
    closed_dates = tuple(day for day in days if day in closed_days)
    sessions: dict[date, PlannedSession] = {}
    if recurrence is not None and days:
        start = recurrence.start_time
        end = time_after(start, group.duration_minutes)
        if end is None:
            message = (
                "The sessions of this group would end after midnight. Edit the group: choose an earlier start time or a"
                " shorter duration."
            )
            raise Refusal(Fault(FaultCode.INVALID, message, ("input", "groupDefinitionId")))
        sessions = {day: _planned(group, day, start, end) for day in days if day not in closed_days}
    return Plan(from_date, through_date, sessions, closed_dates, closed_days)


def _planned(group: GroupDefinition, day: date, start: time, end: time) -> PlannedSession:
    starts_at, ends_at = session_instants(day, start, end, group.time_zone)
    return PlannedSession(
        day,
        start,
        end,
        group.time_zone,
        starts_at,
        ends_at,
        group.facilitator_id,
        group.co_facilitator_id,
        group.location_id,
    )


def recurrence_faults(group: GroupDefinition) -> list[Fault]:
    """Return INVALID_RECURRENCE_RULE if the group has no recurrence."""
    if group.recurrence is not None:
        return []
    message = "This group has no recurrence. Add one, or create its sessions individually."
    return [Fault(FaultCode.INVALID_RECURRENCE_RULE, message, ("input", "groupDefinitionId"))]


def last_day_of_window(first: date) -> date:
    """Return the last day that a window may include: the same day of the month, 24 months after the first day."""
    year, month = divmod(first.year * 12 + first.month - 1 + MAX_MONTHS, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def window_faults(from_date: date, through_date: date, today: date | None = None) -> list[Fault]:
    """Return OUT_OF_RANGE unless the window is in order, has at most 24 months, and begins today or later.

    Without `today`, it may begin on any day.
    """
    out_of_range = (date_fault(from_date, ("input", "from")), date_fault(through_date, ("input", "through")))
    if faults := [fault for fault in out_of_range if fault is not None]:
        return faults
    if today is not None and from_date < today:
        message = f"`from` must be today, {today}, or later. Sessions in the past do not change."
        faults.append(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "from")))
    if through_date < from_date:
        message = "`through` must not be before `from`."
        faults.append(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "through")))
    elif through_date > (last := last_day_of_window(from_date)):
        message = (
            f"One request covers at most {MAX_MONTHS} months, here through {last}. Send another for later sessions."
        )
        faults.append(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "through")))
    return faults

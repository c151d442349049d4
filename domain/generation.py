"""Putting a stretch of a group's recurrence on the calendar."""

import calendar
from dataclasses import replace
from datetime import date, datetime, time
from uuid import UUID

from domain.groups import References
from domain.records import GroupDefinition
from domain.recurrence import occurrence_dates
from domain.refusal import Fault, FaultCode, Refusal
from domain.sessions import SessionChange, SessionDraft, date_fault, schedule

MONTHS_AT_ONCE = 24
DAYS_AT_ONCE = 731
"""The most sessions that one call makes: a rule has at most one a day, and two years at most one leap day."""


def last_day_at_once(first: date) -> date:
    """Return the last day that one call may reach from a first one: the same day of the month, 24 months on."""
    year, month = divmod(first.year * 12 + first.month - 1 + MONTHS_AT_ONCE, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def window_faults(from_date: date, through_date: date) -> list[Fault]:
    """Return OUT_OF_RANGE unless the window is in order and covers at most 24 months."""
    out_of_range = (date_fault(from_date, ("input", "from")), date_fault(through_date, ("input", "through")))
    if faults := [fault for fault in out_of_range if fault is not None]:
        return faults
    if through_date < from_date:
        message = "The last day must not be before the first."
    elif through_date > (last := last_day_at_once(from_date)):
        message = f"One call covers at most {MONTHS_AT_ONCE} months, here until {last}; generate the rest with another."
    else:
        return []
    return [Fault(FaultCode.OUT_OF_RANGE, message, ("input", "through"))]


def slots(group: GroupDefinition, from_date: date, through_date: date) -> list[tuple[date, time]]:
    """Return the local dates and times of the group's recurrence in the window, both days included.

    Raises:
        Refusal: INVALID_RECURRENCE_RULE where the group has no recurrence.
    """
    recurrence = group.recurrence
    if recurrence is None:
        raise Refusal(
            Fault(
                FaultCode.INVALID_RECURRENCE_RULE,
                "This group has no recurrence. Give it one, or create its sessions one by one.",
                ("input", "groupDefinitionId"),
            )
        )
    return [(day, recurrence.start_time) for day in occurrence_dates(recurrence, from_date, through_date)]


def fill(
    group: GroupDefinition, slot: tuple[date, time], references: References, session_id: UUID, now: datetime
) -> SessionChange:
    """Schedule the session of a slot. Raise the Refusal of the session, at the group: this input names nothing else."""
    staff_and_place = (group.facilitator_id, group.co_facilitator_id, group.location_id)
    try:
        return schedule(group, SessionDraft(*slot, None, *staff_and_place), references, session_id, now)
    except Refusal as refusal:
        raise Refusal(*(replace(fault, field=("input", "groupDefinitionId")) for fault in refusal.faults)) from refusal

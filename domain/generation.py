"""Generating the sessions of a group's recurrence within a window of dates."""

import calendar
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from uuid import UUID

from domain.records import GroupDefinition
from domain.recurrence import occurrence_dates
from domain.references import References
from domain.refusal import Fault, FaultCode, Refusal
from domain.session_drafts import SessionDraft, date_fault
from domain.sessions import SessionChange, schedule, schedule_on_another_day

MAX_MONTHS = 24
MAX_SESSIONS = 731
"""The maximum number of sessions in a window: one a day, for two years with at most one leap day."""


def last_day_of_window(first: date) -> date:
    """Return the last day that a window may include: the same day of the month, 24 months after the first day."""
    year, month = divmod(first.year * 12 + first.month - 1 + MAX_MONTHS, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def window_faults(from_date: date, through_date: date) -> list[Fault]:
    """Return OUT_OF_RANGE unless the window is in order and has at most 24 months."""
    out_of_range = (date_fault(from_date, ("input", "from")), date_fault(through_date, ("input", "through")))
    if faults := [fault for fault in out_of_range if fault is not None]:
        return faults
    if through_date < from_date:
        message = "`through` must not be before `from`."
    elif through_date > (last := last_day_of_window(from_date)):
        message = (
            f"One request covers at most {MAX_MONTHS} months, here through {last}. Send another for later sessions."
        )
    else:
        return []
    return [Fault(FaultCode.OUT_OF_RANGE, message, ("input", "through"))]


def slots(group: GroupDefinition, from_date: date, through_date: date) -> list[tuple[date, time]]:
    """Return the local dates and times of the group's recurrence in the window, including both days.

    Raises:
        Refusal: INVALID_RECURRENCE_RULE if the group has no recurrence.
    """
    recurrence = group.recurrence
    if recurrence is None:
        message = "This group has no recurrence. Add one, or create its sessions individually."
        raise Refusal(Fault(FaultCode.INVALID_RECURRENCE_RULE, message, ("input", "groupDefinitionId")))
    return [(day, recurrence.start_time) for day in occurrence_dates(recurrence, from_date, through_date)]


def schedule_slots(
    group: GroupDefinition,
    slots: Iterable[tuple[date, time]],
    references: References,
    make_id: Callable[[], UUID],
    now: datetime,
) -> Iterator[SessionChange]:
    """Yield the decision to schedule the session of each slot of a recurrence, which all have one start time.

    Raises:
        Refusal: As `schedule_slot` does, for the first slot: the others have the same faults.
    """
    first: SessionChange | None = None
    for slot in slots:
        if first is None:
            first = schedule_slot(group, slot, references, make_id(), now)
            yield first
        else:
            yield schedule_on_another_day(first, make_id(), slot[0])


def schedule_slot(
    group: GroupDefinition, slot: tuple[date, time], references: References, session_id: UUID, now: datetime
) -> SessionChange:
    """Schedule the session of a slot.

    Raises:
        Refusal: With all faults of the session. They are at the group, because the input names nothing else.
    """
    staff_and_place = (group.facilitator_id, group.co_facilitator_id, group.location_id)
    draft = SessionDraft(*slot, None, *staff_and_place, group.time_zone)
    try:
        return schedule(group, draft, references, session_id, now, slot[0])
    except Refusal as refusal:
        raise Refusal(*(replace(fault, field=("input", "groupDefinitionId")) for fault in refusal.faults)) from refusal

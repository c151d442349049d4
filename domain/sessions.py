"""Sessions on the calendar: the rules for a session, and the decisions to schedule, edit, cancel and complete one.

A session's local date and wall-clock times are stored with the IANA time zone. Its instants are derived from them
according to RFC 5545, section 3.3.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.changes import EntityType, Event, HistoryEntry, differences_of_values, history_values
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR
from domain.references import References, facilitator_faults, location_faults
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.texts import required_text
from domain.wall_time import instant

REASON_LENGTH = 1000
SCHEDULED = "pm_group_session_scheduled"
CANCELLED = "pm_group_session_cancelled"
RESCHEDULED = "pm_group_session_rescheduled"
_LAST_HOUR = 23
_IN_EVENTS = (
    *("group_definition_id", "session_date", "start_time", "end_time", "time_zone", "starts_at", "ends_at"),
    *("facilitator_id", "co_facilitator_id", "location_id", "status"),
)
"""The fields of a session that its events contain."""


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """The input for a session. Without an end time, the session lasts as long as the group's duration."""

    session_date: date | None
    start_time: time | None
    end_time: time | None
    facilitator_id: str | None
    co_facilitator_id: str | None
    location_id: str | None


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A session before and after a decision, with its history and events. `before` is None for a new session.

    If the decision changes nothing, `before` and `after` are the same, and there are no history and no events.
    """

    before: Occurrence | None
    after: Occurrence
    history: tuple[HistoryEntry, ...]
    events: tuple[Event, ...]


def draft_for(
    group: GroupDefinition | None,
    session_date: date,
    start_time: time,
    end_time: time | None,
    staff_and_place: Mapping[str, object],
) -> SessionDraft:
    """Return a draft with the group's facilitators and location in place of those that the input leaves out."""
    draft = SessionDraft(session_date, start_time, end_time, None, None, None)
    if group is not None:
        draft = replace(
            draft,
            facilitator_id=group.facilitator_id,
            co_facilitator_id=group.co_facilitator_id,
            location_id=group.location_id,
        )
    values = {name: value for name, value in staff_and_place.items() if name != "facilitator_id" or value is not None}
    return replace(draft, **values)  # type: ignore[arg-type]  # the names are SessionDraft's own


def faults_without_group(draft: SessionDraft, references: References) -> list[Fault]:
    """Return the faults that a draft has for any group. Missing values are no faults: the group would supply them."""
    return [fault for fault in _faults(draft, references, minutes=0) if fault.code is not FaultCode.REQUIRED]


def schedule(
    group: GroupDefinition,
    draft: SessionDraft,
    references: References,
    session_id: UUID,
    now: datetime,
    recurrence_date: date | None = None,
) -> SessionChange:
    """Schedule a session of a group, in the group's time zone.

    Args:
        group: The group.
        draft: The session.
        references: The staff and locations that it may name.
        session_id: Its id.
        now: The instant of the change.
        recurrence_date: The day of the group's recurrence that it fills; None if it is added by hand.

    Raises:
        Refusal: With all faults of the draft.
    """
    session = Occurrence(
        id=session_id,
        group_definition_id=group.id,
        time_zone=group.time_zone,
        status=OccurrenceStatus.SCHEDULED,
        cancellation_reason=None,
        cancelled_at=None,
        version=1,
        created_at=now,
        updated_at=now,
        recurrence_date=recurrence_date,
        **_values(draft, references, group.time_zone, group.duration_minutes),
    )
    return _change(None, session, "scheduled", SCHEDULED)


def edit(
    session: Occurrence, edits: Mapping[str, object], references: References, duration_minutes: int, now: datetime
) -> SessionChange:
    """Apply the edits of a person, by SessionDraft's field names. All other fields keep their values.

    If the start time is edited and the end time is not, the session keeps its length on the clock. An end time of None
    stands for the group's duration after the start.

    Raises:
        Refusal: OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, or all faults of the edited session.
    """
    _refuse_ended(session)
    current: dict[str, object] = {
        "session_date": session.session_date,
        "start_time": session.start_time,
        "end_time": session.end_time,
        "facilitator_id": session.facilitator_id,
        "co_facilitator_id": session.co_facilitator_id,
        "location_id": session.location_id,
    }
    draft = SessionDraft(**{**current, **edits})  # type: ignore[arg-type]  # the names are SessionDraft's own
    minutes = duration_minutes
    if "start_time" in edits and "end_time" not in edits:
        minutes = _minutes(session.end_time) - _minutes(session.start_time)
        draft = replace(draft, end_time=None)
    values = _values(draft, references, session.time_zone, minutes)
    edited = replace(session, version=session.version + 1, updated_at=now, **values)
    if edited == replace(session, version=edited.version, updated_at=now):
        return SessionChange(session, session, (), ())
    edited = replace(edited, edited=True)
    is_moved = (edited.session_date, edited.start_time, edited.end_time) != (
        session.session_date,
        session.start_time,
        session.end_time,
    )
    return _change(session, edited, "rescheduled" if is_moved else "updated", RESCHEDULED if is_moved else None)


def cancel(session: Occurrence, reason: str | None, now: datetime) -> SessionChange:
    """Cancel a session by hand. A reason is required.

    Raises:
        Refusal: REQUIRED, INVALID or OUT_OF_RANGE for the reason; OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED.
    """
    faults: list[Fault] = []
    cancellation_reason = required_text(reason, ("input", "reason"), "reason", REASON_LENGTH, faults)
    refuse_if_any(faults)
    _refuse_ended(session)
    cancelled = replace(
        session,
        status=OccurrenceStatus.CANCELLED,
        cancellation_reason=cancellation_reason,
        cancelled_at=now,
        edited=True,
        version=session.version + 1,
        updated_at=now,
    )
    return _change(session, cancelled, "cancelled", CANCELLED)


def complete(session: Occurrence, now: datetime) -> SessionChange:
    """Complete a session that took place and is documented. A completed session stays unchanged.

    There is no event: the module that documents sessions already knows.

    Raises:
        Refusal: OCCURRENCE_CANCELLED.
    """
    if session.status == OccurrenceStatus.COMPLETED:
        return SessionChange(session, session, (), ())
    _refuse_ended(session)
    completed = replace(session, status=OccurrenceStatus.COMPLETED, version=session.version + 1, updated_at=now)
    return _change(session, completed, "completed", None)


def duplicate(field: str) -> Refusal:
    """Return the refusal of a second session of a group at the same local date and start time."""
    message = "This group already has a session at this date and start time."
    return Refusal(Fault(FaultCode.DUPLICATE_OCCURRENCE, message, ("input", field)))


def date_fault(day: date, field: FieldPath) -> Fault | None:
    """Return OUT_OF_RANGE for a day that calendars do not support."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    message = f"The date must be between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31."
    return Fault(FaultCode.OUT_OF_RANGE, message, field)


def _values(draft: SessionDraft, references: References, time_zone: str, minutes: int) -> dict[str, Any]:
    """Return the values of a session's fields by name, for a draft in a time zone. Raise Refusal with all faults."""
    refuse_if_any(_faults(draft, references, minutes))
    day, start = draft.session_date, draft.start_time
    assert day and start is not None and draft.facilitator_id  # noqa: S101, PT018 - checked above
    end = draft.end_time if draft.end_time is not None else _end_time(start, minutes)
    assert end is not None  # noqa: S101 - checked above
    starts_at, ends_at = instant(day, start, time_zone), instant(day, end, time_zone)
    if ends_at <= starts_at:
        # The start is in the hour that the clocks skip and is moved forward; the end is not. Keep the length.
        ends_at = starts_at + timedelta(minutes=_minutes(end) - _minutes(start))
    return {
        "session_date": day,
        "start_time": start,
        "end_time": end,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "facilitator_id": draft.facilitator_id,
        "co_facilitator_id": draft.co_facilitator_id,
        "location_id": draft.location_id,
    }


def _faults(draft: SessionDraft, references: References, minutes: int) -> list[Fault]:
    faults = facilitator_faults("session", draft.facilitator_id, draft.co_facilitator_id, references)
    faults += location_faults(draft.location_id, references)
    day, start, end = draft.session_date, draft.start_time, draft.end_time
    if day is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session must have a date.", ("input", "sessionDate")))
    elif (fault := date_fault(day, ("input", "sessionDate"))) is not None:
        faults.append(fault)
    if start is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session must have a start time.", ("input", "startTime")))
    elif not _is_whole_minute(start):
        faults.append(_not_whole_minutes("startTime"))
    if start is not None and end is None and _end_time(start, minutes) is None:
        message = "The session would end after midnight. Start earlier or set an end time."
        faults.append(Fault(FaultCode.INVALID, message, ("input", "startTime")))
    if end is not None and not _is_whole_minute(end):
        faults.append(_not_whole_minutes("endTime"))
    if start is not None and end is not None and end <= start:
        message = "The end time must be after the start time, on the same day."
        faults.append(Fault(FaultCode.INVALID, message, ("input", "endTime")))
    return faults


def _end_time(start: time, minutes: int) -> time | None:
    """Return the time on the clock some minutes after a start; None if it is on another day."""
    hour, minute = divmod(_minutes(start) + minutes, 60)
    return start.replace(hour, minute) if hour <= _LAST_HOUR else None


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _is_whole_minute(moment: time) -> bool:
    return moment.second == 0 and moment.microsecond == 0


def _not_whole_minutes(field: str) -> Fault:
    return Fault(FaultCode.INVALID, "The time must be in whole minutes, such as 09:30:00.", ("input", field))


def _refuse_ended(session: Occurrence) -> None:
    if session.status == OccurrenceStatus.CANCELLED:
        message = "This session has been cancelled and cannot be changed."
        raise Refusal(Fault(FaultCode.OCCURRENCE_CANCELLED, message, ("input", "id")))
    if session.status == OccurrenceStatus.COMPLETED:
        message = "This session has been completed and cannot be changed."
        raise Refusal(Fault(FaultCode.OCCURRENCE_COMPLETED, message, ("input", "id")))


def _change(before: Occurrence | None, after: Occurrence, action: str, event: str | None) -> SessionChange:
    old, new = None if before is None else history_values(before), history_values(after)
    changes = differences_of_values(old, new)
    if before is not None and not changes:
        return SessionChange(before, before, (), ())
    entry = HistoryEntry(EntityType.OCCURRENCE, after.id, action, changes)
    if event is None:
        return SessionChange(before, after, (entry,), ())
    payload = {"schedule_id": new["id"], **{name: new[name] for name in _IN_EVENTS}}
    if event == RESCHEDULED and old is not None:
        payload |= {f"previous_{name}": old[name] for name in ("session_date", "start_time", "end_time")}
    return SessionChange(
        before, after, (entry,), (Event(event, after.group_definition_id, payload, after.location_id),)
    )

"""Sessions on the calendar: what one must be, and what becomes of it when it is scheduled, moved or cancelled.

A session's local date and wall-clock times are the truth, kept with the IANA zone; its instants follow from them by
RFC 5545 section 3.3.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from domain.changes import EntityType, Event, HistoryEntry, as_text, differences
from domain.groups import References, same_person, unknown_location, unknown_staff
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.texts import required_text
from domain.wall_time import instant

REASON_LENGTH = 1000
SCHEDULED = "pm_group_session_scheduled"
CANCELLED = "pm_group_session_cancelled"
RESCHEDULED = "pm_group_session_rescheduled"


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """A session as it was typed. No end: the group's duration after the start."""

    session_date: date | None
    start_time: time | None
    end_time: time | None
    facilitator_id: str | None
    co_facilitator_id: str | None
    location_id: str | None


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A session before (None: it is new) and after, with what is told of it (nothing where nothing changed)."""

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
    """Complete what was typed with the group's facilitators and location, for those that were left out."""
    draft = SessionDraft(session_date, start_time, end_time, None, None, None)
    if group is not None:
        draft = replace(
            draft,
            facilitator_id=group.facilitator_id,
            co_facilitator_id=group.co_facilitator_id,
            location_id=group.location_id,
        )
    given = {name: value for name, value in staff_and_place.items() if name != "facilitator_id" or value is not None}
    return replace(draft, **given)  # type: ignore[arg-type]  # the names are SessionDraft's own


def faults_without_group(draft: SessionDraft, references: References) -> list[Fault]:
    """Return what is wrong with a draft whatever group it is for: what it leaves out would be the group's."""
    return [fault for fault in _faults(draft, references, minutes=0) if fault.code is not FaultCode.REQUIRED]


def schedule(
    group: GroupDefinition, draft: SessionDraft, references: References, session_id: UUID, now: datetime
) -> SessionChange:
    """Put a session of a group on the calendar, in the group's time zone.

    Raises:
        Refusal: With every fault of the draft at once.
    """
    session = _placed(
        Occurrence(
            id=session_id,
            group_definition_id=group.id,
            session_date=date.min,
            start_time=time.min,
            end_time=time.min,
            time_zone=group.time_zone,
            starts_at=now,
            ends_at=now,
            facilitator_id="",
            co_facilitator_id=None,
            location_id=None,
            status=OccurrenceStatus.SCHEDULED,
            cancellation_reason=None,
            cancelled_at=None,
            version=1,
            created_at=now,
            updated_at=now,
        ),
        draft,
        references,
        group.duration_minutes,
    )
    return _change(None, session, "scheduled", SCHEDULED)


def edit(
    session: Occurrence, edits: Mapping[str, object], references: References, duration_minutes: int, now: datetime
) -> SessionChange:
    """Apply edits, by SessionDraft's field names; a field that is not among them stays as it is.

    A session that gets another start and no end keeps its length on the clock. An end of None is the group's
    duration after the start.

    Raises:
        Refusal: OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, or every fault of the edited session at once.
    """
    _refuse_ended(session)
    held: dict[str, object] = {
        "session_date": session.session_date,
        "start_time": session.start_time,
        "end_time": session.end_time,
        "facilitator_id": session.facilitator_id,
        "co_facilitator_id": session.co_facilitator_id,
        "location_id": session.location_id,
    }
    draft = SessionDraft(**{**held, **edits})  # type: ignore[arg-type]  # the names are SessionDraft's own
    minutes = duration_minutes
    if "start_time" in edits and "end_time" not in edits:
        minutes = _minutes(session.end_time) - _minutes(session.start_time)
        draft = replace(draft, end_time=None)
    edited = _placed(replace(session, version=session.version + 1, updated_at=now), draft, references, minutes)
    moved = (edited.session_date, edited.start_time, edited.end_time) != (
        session.session_date,
        session.start_time,
        session.end_time,
    )
    return _change(session, edited, "rescheduled" if moved else "updated", RESCHEDULED if moved else None)


def cancel(session: Occurrence, reason: str | None, now: datetime) -> SessionChange:
    """Cancel a session, once, for a reason.

    Raises:
        Refusal: REQUIRED, INVALID or OUT_OF_RANGE for the reason; OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED.
    """
    faults: list[Fault] = []
    told = required_text(reason, ("input", "reason"), "reason", REASON_LENGTH, faults)
    refuse_if_any(faults)
    _refuse_ended(session)
    cancelled = replace(
        session,
        status=OccurrenceStatus.CANCELLED,
        cancellation_reason=told,
        cancelled_at=now,
        version=session.version + 1,
        updated_at=now,
    )
    return _change(session, cancelled, "cancelled", CANCELLED)


def complete(session: Occurrence, now: datetime) -> SessionChange:
    """Mark a session that took place and is documented; one that is marked already stays as it is.

    No event tells it: who documents sessions knows, and nothing may be billed for it from here.

    Raises:
        Refusal: OCCURRENCE_CANCELLED.
    """
    if session.status == OccurrenceStatus.COMPLETED:
        return SessionChange(session, session, (), ())
    _refuse_ended(session)
    completed = replace(session, status=OccurrenceStatus.COMPLETED, version=session.version + 1, updated_at=now)
    return _change(session, completed, "completed", None)


def duplicate(field: str) -> Refusal:
    """Return the refusal of a second live session of a group at one local time."""
    return Refusal(
        Fault(
            FaultCode.DUPLICATE_OCCURRENCE,
            "This group has a session at this date and start time already.",
            ("input", field),
        )
    )


def date_fault(day: date, field: FieldPath) -> Fault | None:
    """Return OUT_OF_RANGE for a day that no calendar of this module holds."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    return Fault(FaultCode.OUT_OF_RANGE, f"The date must be in the years {FIRST_YEAR} to {LAST_YEAR}.", field)


def _placed(session: Occurrence, draft: SessionDraft, references: References, minutes: int) -> Occurrence:
    refuse_if_any(_faults(draft, references, minutes))
    day, start = draft.session_date, draft.start_time
    assert day and start is not None and draft.facilitator_id  # noqa: S101, PT018 - checked above
    end = draft.end_time if draft.end_time is not None else _after(start, minutes)
    assert end is not None  # noqa: S101 - checked above
    starts_at, ends_at = instant(day, start, session.time_zone), instant(day, end, session.time_zone)
    if ends_at <= starts_at:
        # It starts in the hour that the clocks skip, so it is read after it, and its end is not: it keeps its length.
        ends_at = starts_at + timedelta(minutes=_minutes(end) - _minutes(start))
    return replace(
        session,
        session_date=day,
        start_time=start,
        end_time=end,
        starts_at=starts_at,
        ends_at=ends_at,
        facilitator_id=draft.facilitator_id,
        co_facilitator_id=draft.co_facilitator_id,
        location_id=draft.location_id,
    )


def _faults(draft: SessionDraft, references: References, minutes: int) -> list[Fault]:
    faults = _people_faults(draft, references)
    if draft.location_id is not None and draft.location_id not in references.locations:
        faults.append(unknown_location())
    day, start, end = draft.session_date, draft.start_time, draft.end_time
    if day is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session needs a date.", ("input", "sessionDate")))
    elif (fault := date_fault(day, ("input", "sessionDate"))) is not None:
        faults.append(fault)
    if start is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session needs a start time.", ("input", "startTime")))
    elif not _is_whole_minute(start):
        faults.append(_not_whole("startTime"))
    if start is not None and end is None and _after(start, minutes) is None:
        words = f"A session of {minutes} minutes that starts then does not end on the same day; "
        words += "start earlier or give an end time."
        faults.append(Fault(FaultCode.INVALID, words, ("input", "startTime")))
    if end is not None and not _is_whole_minute(end):
        faults.append(_not_whole("endTime"))
    if start is not None and end is not None and end <= start:
        words = "A session must end after it starts, on the same day."
        faults.append(Fault(FaultCode.INVALID, words, ("input", "endTime")))
    return faults


def _people_faults(draft: SessionDraft, references: References) -> list[Fault]:
    faults: list[Fault] = []
    if draft.facilitator_id is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session needs a facilitator.", ("input", "facilitatorId")))
    elif draft.facilitator_id not in references.staff_ids:
        faults.append(unknown_staff("facilitatorId"))
    if draft.co_facilitator_id is not None:
        if draft.co_facilitator_id not in references.staff_ids:
            faults.append(unknown_staff("coFacilitatorId"))
        elif draft.co_facilitator_id == draft.facilitator_id:
            faults.append(same_person())
    return faults


def _after(start: time, minutes: int) -> time | None:
    """Return the time on the clock so many minutes later; None where that is another day."""
    any_day = date(2000, 1, 1)
    end = datetime.combine(any_day, start) + timedelta(minutes=minutes)
    return end.time() if end.date() == any_day else None


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _is_whole_minute(moment: time) -> bool:
    return moment.second == 0 and moment.microsecond == 0


def _not_whole(field: str) -> Fault:
    return Fault(FaultCode.INVALID, "Times of sessions are whole minutes, such as 09:30:00.", ("input", field))


def _refuse_ended(session: Occurrence) -> None:
    if session.status == OccurrenceStatus.CANCELLED:
        raise Refusal(Fault(FaultCode.OCCURRENCE_CANCELLED, "This session is cancelled.", ("input", "id")))
    if session.status == OccurrenceStatus.COMPLETED:
        raise Refusal(
            Fault(FaultCode.OCCURRENCE_COMPLETED, "This session took place and is documented.", ("input", "id"))
        )


def _change(before: Occurrence | None, after: Occurrence, action: str, event: str | None) -> SessionChange:
    changes = differences(before, after)
    if before is not None and not changes:
        return SessionChange(before, before, (), ())
    entry = HistoryEntry(EntityType.OCCURRENCE, after.id, action, changes)
    return SessionChange(before, after, (entry,), (_event(event, before, after),) if event else ())


def _event(name: str, before: Occurrence | None, session: Occurrence) -> Event:
    payload: dict[str, str | int | None] = {
        "schedule_id": str(session.id),
        "group_definition_id": str(session.group_definition_id),
        "session_date": as_text(session.session_date),
        "start_time": as_text(session.start_time),
        "end_time": as_text(session.end_time),
        "time_zone": session.time_zone,
        "starts_at": as_text(session.starts_at),
        "ends_at": as_text(session.ends_at),
        "facilitator_id": session.facilitator_id,
        "co_facilitator_id": session.co_facilitator_id,
        "location_id": session.location_id,
        "status": session.status.value,
    }
    if name == RESCHEDULED and before is not None:
        payload |= {
            "previous_session_date": as_text(before.session_date),
            "previous_start_time": as_text(before.start_time),
            "previous_end_time": as_text(before.end_time),
        }
    return Event(name, session.group_definition_id, payload, session.location_id)

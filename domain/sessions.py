"""Sessions on the calendar: the decisions to schedule, edit, cancel, complete and reopen one.

A session's local date and wall-clock times are stored with the IANA time zone. Its instants are derived from them
according to RFC 5545, section 3.3.5.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.references import CurrentNames, References
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.session_changes import SessionChange, session_change, update_change
from domain.session_drafts import SessionDraft, minutes_of_day, session_values
from domain.texts import required_text

REASON_LENGTH = 1000
DOCUMENTED_AHEAD = timedelta(minutes=15)
"""How long before its start a session may be documented. Staff may open the note early, and clocks differ."""


class NotStarted(Refusal):
    """A session that has not begun is documented. Only another module can try that, so no user error has this code."""

    def __init__(self) -> None:
        minutes = DOCUMENTED_AHEAD // timedelta(minutes=1)
        message = f"The session has not begun. It can be documented from {minutes} minutes before its start."
        super().__init__(Fault(FaultCode.OUT_OF_RANGE, message))


def schedule(
    group: GroupDefinition,
    draft: SessionDraft,
    references: References,
    session_id: UUID,
    now: datetime,
) -> SessionChange:
    """Schedule a session of a group that is added by hand.

    Args:
        group: The group.
        draft: The session.
        references: The staff and locations that it may name.
        session_id: Its id.
        now: The instant of the change.

    Raises:
        Refusal: With all faults of the draft.
    """
    session = Occurrence(
        id=session_id,
        group_definition_id=group.id,
        status=OccurrenceStatus.SCHEDULED,
        cancellation_reason=None,
        cancelled_at=None,
        version=1,
        created_at=now,
        updated_at=now,
        **session_values(draft, references, group.duration_minutes),
    )
    return session_change(None, session, "scheduled")


def edit(
    session: Occurrence, edits: Mapping[str, object], references: References, duration_minutes: int, now: datetime
) -> SessionChange:
    """Apply the edits of a person, by SessionDraft's field names. All other fields keep their values.

    If the start time is edited and the end time is not, the session keeps its length on the clock. An end time of None
    stands for the group's duration after the start.

    Raises:
        Refusal: OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, or all faults of the edited session.
    """
    refuse_ended(session)
    current: dict[str, object] = {
        "session_date": session.session_date,
        "start_time": session.start_time,
        "end_time": session.end_time,
        "facilitator_id": session.facilitator_id,
        "co_facilitator_id": session.co_facilitator_id,
        "location_id": session.location_id,
        "time_zone": session.time_zone,
    }
    names = CurrentNames(session.facilitator_id, session.co_facilitator_id, session.location_id)
    draft = SessionDraft(**{**current, **edits}, edited=frozenset(edits), current=names)  # type: ignore[arg-type]  # the names are SessionDraft's own
    minutes = duration_minutes
    if "start_time" in edits and "end_time" not in edits:
        minutes = minutes_of_day(session.end_time) - minutes_of_day(session.start_time)
        draft = replace(draft, end_time=None)
    edited = replace(session, **session_values(draft, references, minutes))
    if edited == session:
        return SessionChange(session, session, (), ())
    edited = replace(edited, edited=True, version=session.version + 1, updated_at=now)
    return update_change(session, edited)


def has_begun(session: Occurrence, now: datetime) -> bool:
    """Return whether the session is past, or in progress."""
    return session.starts_at <= now


def cancel(session: Occurrence, reason: str | None, now: datetime) -> SessionChange:
    """Cancel a session by hand. A reason is required.

    Raises:
        Refusal: OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED, and REQUIRED, INVALID or OUT_OF_RANGE for the reason.
    """
    faults = [fault] if (fault := ended_fault(session)) else []
    cancellation_reason = reason_text(reason, ("input", "reason"), faults)
    refuse_if_any(faults)
    return cancel_for(session, cancellation_reason, now)


def cancel_for(session: Occurrence, cancellation_reason: str, now: datetime) -> SessionChange:
    """Cancel a scheduled session by hand, for a reason that `reason_text` has returned."""
    cancelled = replace(
        session,
        status=OccurrenceStatus.CANCELLED,
        cancellation_reason=cancellation_reason,
        cancelled_at=now,
        edited=True,
        version=session.version + 1,
        updated_at=now,
    )
    return session_change(session, cancelled, "cancelled")


def reason_text(reason: str | None, field: FieldPath, faults: list[Fault]) -> str:
    """Return the trimmed reason of a cancellation. Add REQUIRED, INVALID or OUT_OF_RANGE at `field` to the faults."""
    return required_text(reason, field, "reason", REASON_LENGTH, faults)


def complete(session: Occurrence, now: datetime) -> SessionChange:
    """Complete a session that took place and is documented. A completed session stays unchanged.

    There is no event: the module that documents sessions already knows.

    Raises:
        NotStarted: If the session begins more than 15 minutes after `now`.
        Refusal: OCCURRENCE_CANCELLED.
    """
    if session.status == OccurrenceStatus.COMPLETED:
        return SessionChange(session, session, (), ())
    refuse_ended(session)
    if session.starts_at - now > DOCUMENTED_AHEAD:
        raise NotStarted
    completed = replace(session, status=OccurrenceStatus.COMPLETED, version=session.version + 1, updated_at=now)
    return session_change(session, completed, "completed")


def reopen(session: Occurrence, now: datetime) -> SessionChange:
    """Schedule a cancelled or completed session again, at its date and time. It can be documented again.

    Raises:
        Refusal: INVALID if the session is scheduled.
    """
    if session.status == OccurrenceStatus.SCHEDULED:
        message = "This session is scheduled. Only a cancelled or completed session can be reopened."
        raise Refusal(Fault(FaultCode.INVALID, message, ("input", "id")))
    reopened = replace(
        session,
        status=OccurrenceStatus.SCHEDULED,
        cancellation_reason=None,
        cancelled_at=None,
        edited=True,
        version=session.version + 1,
        updated_at=now,
    )
    return session_change(session, reopened, "reopened")


def duplicate(field: str) -> Refusal:
    """Return the refusal of a second session of a group at the same local date and start time."""
    message = "This group already has a session at this date and start time."
    return Refusal(Fault(FaultCode.DUPLICATE_OCCURRENCE, message, ("input", field)))


def duplicate_recurrence_date(field: str) -> Refusal:
    """Return the refusal of a second session of a group for the same day of its recurrence."""
    message = "Another session of this group already stands in for this one. Cancel that session first."
    return Refusal(Fault(FaultCode.DUPLICATE_OCCURRENCE, message, ("input", field)))


def ended_fault(session: Occurrence) -> Fault | None:
    """Return OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED for a session that cannot change, unless it is reopened."""
    if session.status == OccurrenceStatus.CANCELLED:
        message = "This session has been cancelled and cannot be changed."
        return Fault(FaultCode.OCCURRENCE_CANCELLED, message, ("input", "id"))
    if session.status == OccurrenceStatus.COMPLETED:
        message = "This session has been completed and cannot be changed."
        return Fault(FaultCode.OCCURRENCE_COMPLETED, message, ("input", "id"))
    return None


def refuse_ended(session: Occurrence) -> None:
    """Raise Refusal with OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED for a session that cannot change."""
    if (fault := ended_fault(session)) is not None:
        raise Refusal(fault)

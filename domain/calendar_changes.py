"""What a change of many sessions does to each session that it looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from domain.records import Occurrence, OccurrenceStatus
from domain.session_changes import SessionChange


class OccurrenceAction(StrEnum):
    """What happens to a session. A session that gets another date or start time is moved."""

    CREATE = "CREATE"
    MOVE = "MOVE"
    UPDATE = "UPDATE"
    CANCEL = "CANCEL"
    KEEP = "KEEP"


class KeepReason(StrEnum):
    """Why a session stays as it is."""

    EDITED = "EDITED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    PAST = "PAST"
    CLOSURE = "CLOSURE"
    DUPLICATE = "DUPLICATE"
    UNCHANGED = "UNCHANGED"


@dataclass(frozen=True, slots=True)
class OccurrenceChange:
    """What happens to one session.

    Attributes:
        action: What happens to it.
        keep_reason: Why it is kept; None for other actions.
        occurrence: The session after the change; None if a dry run would create it.
        session_date: Its local date after the change.
        start_time: Its local start time after the change.
        end_time: Its local end time after the change.
    """

    action: OccurrenceAction
    keep_reason: KeepReason | None
    occurrence: Occurrence | None
    session_date: date
    start_time: time
    end_time: time


@dataclass(frozen=True, slots=True)
class CalendarChanges:
    """What happens to the sessions that were looked at, by date and time."""

    changes: tuple[OccurrenceChange, ...] = ()

    def count(self, *actions: OccurrenceAction) -> int:
        """Return the number of sessions to which one of the actions happens."""
        return sum(change.action in actions for change in self.changes)


def kept(session: Occurrence, reason: KeepReason) -> OccurrenceChange:
    """Return that a session stays as it is."""
    return _entry(OccurrenceAction.KEEP, reason, session)


def changed(change: SessionChange) -> OccurrenceChange:
    """Return what a decision does to its session. One that changes nothing keeps it as UNCHANGED."""
    before, after = change.before, change.after
    if before is None:
        return _entry(OccurrenceAction.CREATE, None, after)
    if not change.history:
        return kept(after, KeepReason.UNCHANGED)
    if after.status == OccurrenceStatus.CANCELLED:
        return _entry(OccurrenceAction.CANCEL, None, after)
    is_moved = (before.session_date, before.start_time) != (after.session_date, after.start_time)
    return _entry(OccurrenceAction.MOVE if is_moved else OccurrenceAction.UPDATE, None, after)


def in_order(changes: Iterable[OccurrenceChange]) -> CalendarChanges:
    """Return the changes in the order of the sessions' dates and times after them."""
    # The sort is stable: sessions of several groups at one time stay in the order in which they were decided.
    return CalendarChanges(tuple(sorted(changes, key=lambda change: (change.session_date, change.start_time))))


def _entry(action: OccurrenceAction, reason: KeepReason | None, session: Occurrence) -> OccurrenceChange:
    return OccurrenceChange(action, reason, session, session.session_date, session.start_time, session.end_time)

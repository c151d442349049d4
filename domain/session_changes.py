"""Changes of sessions, with the history and the events that describe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from domain.changes import (
    EntityType,
    Event,
    FieldChange,
    HistoryEntry,
    HistoryValues,
    JsonText,
    differences_of_values,
    history_values,
)
from domain.records import Occurrence

_EVENTS: Final[Mapping[str, str]] = {
    "scheduled": "pm_group_session_scheduled",
    "rescheduled": "pm_group_session_rescheduled",
    "updated": "pm_group_session_updated",
    "cancelled": "pm_group_session_cancelled",
    "reopened": "pm_group_session_reopened",
}
"""The event of each action. There is none for a completed session: the module that documents sessions knows it."""
_IN_EVENTS = (
    *("group_definition_id", "session_date", "start_time", "end_time", "time_zone", "starts_at", "ends_at"),
    *("facilitator_id", "co_facilitator_id", "location_id", "status"),
)
"""The fields of a session that its events contain."""
_WHEN = ("session_date", "start_time", "end_time", "time_zone", "starts_at", "ends_at")
"""The fields that say when a session takes place."""
_WHO_AND_WHERE = ("facilitator_id", "co_facilitator_id", "location_id")
"""The fields that say who leads a session, and where it takes place."""
_FORMER: Final[Mapping[str, tuple[str, ...]]] = {
    "rescheduled": (*_WHEN, *_WHO_AND_WHERE),
    "updated": _WHO_AND_WHERE,
}
"""The fields of which an action's event contains the former values too."""


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A session before and after a decision, with its history and events. `before` is None for a new session.

    If the decision changes nothing, `before` and `after` are the same, and there are no history and no events.
    """

    before: Occurrence | None
    after: Occurrence
    history: tuple[HistoryEntry, ...]
    events: tuple[Event, ...]


def schedule_on_another_day(
    scheduled: SessionChange, session_id: UUID, day: date, starts_at: datetime, ends_at: datetime
) -> SessionChange:
    """Schedule a session like another new one, which fills another day of the recurrence.

    Two years of sessions differ only in their days. Deciding on them, and describing them in their history and events,
    takes a third of the time of `schedule`.

    Args:
        scheduled: The decision on the other session.
        session_id: The id of the new session.
        day: The day of the recurrence.
        starts_at: The instant at which it starts.
        ends_at: The instant at which it ends.
    """
    other = scheduled.after
    session = Occurrence(
        session_id,
        other.group_definition_id,
        day,
        other.start_time,
        other.end_time,
        other.time_zone,
        starts_at,
        ends_at,
        other.facilitator_id,
        other.co_facilitator_id,
        other.location_id,
        other.status,
        None,
        None,
        other.version,
        other.created_at,
        other.updated_at,
        day,
    )
    of_day: HistoryValues = {
        "id": session_id,
        "session_date": day,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "recurrence_date": day,
    }
    [entry], [event] = scheduled.history, scheduled.events
    changes: list[FieldChange] = [
        {"field": change["field"], "before": None, "after": of_day[change["field"]]}
        if change["field"] in of_day
        else change
        for change in entry.changes
    ]
    payload = event.payload | {
        "schedule_id": session_id,
        "session_date": day,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
    return SessionChange(
        None,
        session,
        (HistoryEntry(entry.entity_type, session_id, entry.action, tuple(changes)),),
        (Event(event.name, event.group_definition_id, payload, event.site_id),),
    )


def update_change(before: Occurrence, after: Occurrence) -> SessionChange:
    """Return the change of a session to other values. It is rescheduled if it has other times, otherwise updated."""
    is_moved = any(getattr(before, name) != getattr(after, name) for name in _WHEN)
    return session_change(before, after, "rescheduled" if is_moved else "updated")


def session_change(before: Occurrence | None, after: Occurrence, action: str) -> SessionChange:
    """Return a change of a session with its history and event. `before` is None for a new session."""
    old, new = None if before is None else history_values(before), history_values(after)
    changes = differences_of_values(old, new)
    if before is not None and not changes:
        return SessionChange(before, before, (), ())
    entry = HistoryEntry(EntityType.OCCURRENCE, after.id, action, changes)
    name = _EVENTS.get(action)
    if name is None:
        return SessionChange(before, after, (entry,), ())
    payload: dict[str, JsonText | int] = {"schedule_id": new["id"], **{field: new[field] for field in _IN_EVENTS}}
    if old is not None:
        payload |= {f"previous_{field}": old[field] for field in _FORMER.get(action, ())}
    event = Event(name, after.group_definition_id, payload, after.location_id)
    return SessionChange(before, after, (entry,), (event,))

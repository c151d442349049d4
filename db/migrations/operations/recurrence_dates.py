"""Fills in which day of its group's recurrence a session was made for, and whether a person has changed it since.

Earlier releases did not store either. History has where a session was first scheduled, and each change since.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from uuid_utils.compat import uuid7

from domain.recurrence import Recurrence, occurrence_dates

ACTION: Final = "recurrence_date_recorded"
"""The action of the history entries that explain the new values. They belong to no version of the session."""

_ACTOR: Final = "group-sessions migrate"
_EDITS: Final = frozenset({"updated", "rescheduled", "cancelled"})
_Json = sa.JSON().with_variant(JSONB(), "postgresql")
_GROUPS: Final = sa.table(
    "pm_group_definitions",
    sa.column("id", sa.Uuid),
    sa.column("organization_id", sa.String),
    sa.column("recurrence_rule", sa.String),
    sa.column("recurrence_start_date", sa.Date),
    sa.column("recurrence_start_time", sa.Time),
    sa.column("recurrence_excluded_dates", sa.JSON),
)
_SESSIONS: Final = sa.table(
    "pm_group_schedule",
    sa.column("id", sa.Uuid),
    sa.column("organization_id", sa.String),
    sa.column("group_definition_id", sa.Uuid),
    sa.column("session_date", sa.Date),
    sa.column("start_time", sa.Time),
    sa.column("status", sa.String),
    sa.column("recurrence_date", sa.Date),
    sa.column("edited", sa.Boolean),
)
_HISTORY: Final = sa.table(
    "pm_group_audit_log",
    sa.column("id", sa.Uuid),
    sa.column("organization_id", sa.String),
    sa.column("entity_type", sa.String),
    sa.column("entity_id", sa.Uuid),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor_id", sa.String),
    sa.column("correlation_id", sa.String),
    sa.column("action", sa.String),
    sa.column("changes", _Json),
)


@dataclass(slots=True)
class _Session:
    """A session of an earlier release, and what its history says.

    Attributes:
        row: The stored session.
        slot: The local date and start time at which it was first scheduled; None if its history lacks them.
        edited: Whether a person has changed it since.
        recurrence_date: The day of the recurrence that it was made for; None if it was added by hand.
    """

    row: Any
    slot: tuple[date, time] | None = None
    edited: bool = False
    recurrence_date: date | None = None


def record_recurrence_dates(revision: str) -> None:
    """Fill in `recurrence_date` and `edited` of all sessions, group by group, with an entry in their history.

    A session was made for a day of the recurrence if it was first scheduled on that day, at the recurrence's start
    time. At most one session that is not cancelled gets the same day.
    """
    connection = op.get_bind()
    now = connection.scalar(sa.select(sa.func.current_timestamp(type_=sa.DateTime(timezone=True))))
    page = sa.select(_GROUPS).order_by(_GROUPS.c.id).limit(1)
    group = connection.execute(page).first()
    while group is not None:
        sessions = _read_sessions(connection, group.id)
        _assign_days(_recurrence(group), sessions)
        _store(
            connection, [session for session in sessions if session.edited or session.recurrence_date], now, revision
        )
        group = connection.execute(page.where(_GROUPS.c.id > group.id)).first()


def _read_sessions(connection: sa.Connection, group_id: UUID) -> list[_Session]:
    rows = connection.execute(
        sa.select(_SESSIONS).where(_SESSIONS.c.group_definition_id == group_id).order_by(_SESSIONS.c.id)
    )
    sessions = {row.id: _Session(row) for row in rows}
    entries = sa.select(_HISTORY.c.entity_id, _HISTORY.c.action, _HISTORY.c.changes).join(
        _SESSIONS,
        sa.and_(
            _SESSIONS.c.organization_id == _HISTORY.c.organization_id,
            _SESSIONS.c.id == _HISTORY.c.entity_id,
            _SESSIONS.c.group_definition_id == group_id,
        ),
    )
    for entry in connection.execute(entries.where(_HISTORY.c.entity_type == "occurrence")):
        session = sessions[entry.entity_id]
        if entry.action == "scheduled":
            session.slot = _slot(entry.changes)
        elif entry.action in _EDITS:
            session.edited = True
    return list(sessions.values())


def _slot(changes: Iterable[Mapping[str, str | None]]) -> tuple[date, time] | None:
    values = {change["field"]: change["after"] for change in changes}
    day, start = values.get("session_date"), values.get("start_time")
    return None if day is None or start is None else (date.fromisoformat(day), time.fromisoformat(start))


def _recurrence(group: Any) -> Recurrence | None:
    if group.recurrence_rule is None:
        return None
    excluded = tuple(map(date.fromisoformat, group.recurrence_excluded_dates))
    return Recurrence(group.recurrence_rule, group.recurrence_start_date, group.recurrence_start_time, excluded)


def _assign_days(recurrence: Recurrence | None, sessions: Iterable[_Session]) -> None:
    """Set the day of each session that was first scheduled at a slot of the recurrence."""
    if recurrence is None:
        return
    candidates = [
        (session, session.slot[0])
        for session in sessions
        if session.slot is not None and session.slot[1] == recurrence.start_time
    ]
    if not candidates:
        return
    days = [day for _, day in candidates]
    planned = frozenset(occurrence_dates(recurrence, min(days), max(days)))
    taken: set[date] = set()
    # If a session was moved, and generating filled its slot again, the one that stands in the slot has it.
    for session, day in sorted(candidates, key=lambda candidate: _is_moved(candidate[0])):
        is_live = session.row.status != "CANCELLED"
        if day in planned and not (is_live and day in taken):
            session.recurrence_date = day
            if is_live:
                taken.add(day)


def _is_moved(session: _Session) -> bool:
    return (session.row.session_date, session.row.start_time) != session.slot


def _store(connection: sa.Connection, sessions: list[_Session], now: datetime | None, revision: str) -> None:
    if not sessions:
        return
    update = (
        sa.update(_SESSIONS)
        .where(_SESSIONS.c.id == sa.bindparam("session_id"))
        .values(recurrence_date=sa.bindparam("day"), edited=sa.bindparam("is_edited"))
    )
    connection.execute(
        update,
        [
            {"session_id": session.row.id, "day": session.recurrence_date, "is_edited": session.edited}
            for session in sessions
        ],
    )
    connection.execute(
        sa.insert(_HISTORY),
        [
            {
                "id": uuid7(),
                "organization_id": session.row.organization_id,
                "entity_type": "occurrence",
                "entity_id": session.row.id,
                "at": now,
                "actor_id": _ACTOR,
                "correlation_id": f"migration-{revision}",
                "action": ACTION,
                "changes": list(_changes(session)),
            }
            for session in sessions
        ],
    )


def _changes(session: _Session) -> Iterator[dict[str, str | None]]:
    if session.recurrence_date is not None:
        yield {"field": "recurrence_date", "before": None, "after": session.recurrence_date.isoformat()}
    if session.edited:
        yield {"field": "edited", "before": None, "after": "true"}

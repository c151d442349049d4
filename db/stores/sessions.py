"""Loading and storing sessions."""

from collections.abc import Collection, Sequence
from datetime import date, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from db.sql.rows import OCCURRENCE_COLUMNS, occurrence_record
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.stores.records import RecordWriter
from db.tables import occurrences
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Occurrence, OccurrenceStatus
from domain.sessions import SessionChange

_sessions = occurrences.c
_OF_GROUP: Final = of_organization(occurrences) & equals(_sessions.group_definition_id)
_FIND: Final = Statement(select(*OCCURRENCE_COLUMNS).where(of_organization(occurrences), equals(_sessions.id)))
_SAME_SLOT: Final = Statement(
    select(_sessions.id)
    .where(
        _OF_GROUP,
        equals(_sessions.session_date),
        equals(_sessions.start_time),
        # The partial index of live sessions has the same condition.
        _sessions.status != constant(OccurrenceStatus.CANCELLED),
        _sessions.id != bindparam("id", type_=_sessions.id.type),
    )
    .limit(1)
)
_SAME_RECURRENCE_DATE: Final = Statement(
    select(_sessions.id)
    .where(
        _OF_GROUP,
        equals(_sessions.recurrence_date),
        # The partial index of live sessions with such a date has these conditions.
        _sessions.status != constant(OccurrenceStatus.CANCELLED),
        _sessions.recurrence_date.is_not(None),
        _sessions.id != bindparam("id", type_=_sessions.id.type),
    )
    .limit(1)
)
_LIVE_SLOTS: Final = Statement(
    select(_sessions.id, _sessions.group_definition_id, _sessions.session_date, _sessions.start_time).where(
        of_organization(occurrences),
        AnyOf(_sessions.group_definition_id, "group_ids"),
        AnyOf(_sessions.session_date, "days"),
        _sessions.status != constant(OccurrenceStatus.CANCELLED),
    )
)
_SLOTS: Final = Statement(
    select(_sessions.session_date, _sessions.start_time).where(
        _OF_GROUP,
        _sessions.session_date >= bindparam("from", type_=_sessions.session_date.type),
        _sessions.session_date <= bindparam("through", type_=_sessions.session_date.type),
    )
)
_AHEAD: Final = Statement(
    select(*OCCURRENCE_COLUMNS)
    .where(
        _OF_GROUP,
        # Only for the index. The local date of an instant is at most a day before that in UTC.
        _sessions.session_date >= bindparam("from", type_=_sessions.session_date.type),
        _sessions.status == constant(OccurrenceStatus.SCHEDULED),
        _sessions.starts_at > bindparam("now", type_=_sessions.starts_at.type),
    )
    .order_by(_sessions.session_date, _sessions.start_time, _sessions.id)
)
_WRITER: Final = RecordWriter(occurrences, Occurrence)


async def find_session(work: UnitOfWork, session_id: UUID) -> Occurrence | None:
    """Return a session of the organization. Decide on it only while its group is locked."""
    rows = await work.fetch(_FIND, {"id": session_id})
    return occurrence_record(rows[0]) if rows else None


async def slot_is_taken(work: UnitOfWork, session: Occurrence) -> bool:
    """Return whether another live session of the group starts at the same local date and time."""
    slot = {name: getattr(session, name) for name in ("id", "group_definition_id", "session_date", "start_time")}
    return bool(await work.fetch(_SAME_SLOT, slot))


async def live_slots(work: UnitOfWork, sessions: Collection[Occurrence]) -> list[tuple[UUID, tuple[UUID, date, time]]]:
    """Return the ids of the live sessions of these sessions' groups on their dates, with group, date and start time."""
    group_ids = {session.group_definition_id for session in sessions}
    days = {session.session_date for session in sessions}
    rows = await work.fetch(_LIVE_SLOTS, {"group_ids": group_ids, "days": days})
    return [(session_id, (group_id, day, start)) for session_id, group_id, day, start in rows]


async def recurrence_date_is_taken(work: UnitOfWork, session: Occurrence) -> bool:
    """Return whether another live session of the group fills the same day of the group's recurrence."""
    if session.recurrence_date is None:
        return False
    day = {name: getattr(session, name) for name in ("id", "group_definition_id", "recurrence_date")}
    return bool(await work.fetch(_SAME_RECURRENCE_DATE, day))


async def taken_slots(work: UnitOfWork, group_id: UUID, from_date: date, through_date: date) -> set[tuple[date, time]]:
    """Return the local dates and start times of the group's sessions in the window, cancelled ones included."""
    rows = await work.fetch(_SLOTS, {"group_definition_id": group_id, "from": from_date, "through": through_date})
    return {(session_date, start_time) for session_date, start_time in rows}


async def sessions_ahead(work: UnitOfWork, group_id: UUID) -> list[Occurrence]:
    """Return the scheduled sessions of a locked group that have not begun, by local date and time."""
    values = {"group_definition_id": group_id, "from": work.now.date() - timedelta(days=1), "now": work.now}
    return [occurrence_record(row) for row in await work.fetch(_AHEAD, values)]


async def save_sessions(work: UnitOfWork, changes: Sequence[SessionChange]) -> None:
    """Store new and changed sessions of locked groups by one statement each, with their history and events."""
    await _WRITER.insert(work, [change.after for change in changes if change.before is None])
    await _WRITER.update(work, [change.after for change in changes if change.before is not None and change.history])
    work.record(
        [entry for change in changes for entry in change.history],
        [event for change in changes for event in change.events],
    )

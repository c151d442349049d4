"""Loading and storing sessions."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from db.sql.rows import OCCURRENCE_COLUMNS, occurrence_record
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.stores.records import RecordWriter
from db.tables import occurrences
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Occurrence, OccurrenceStatus
from domain.session_changes import SessionChange

_sessions = occurrences.c
_OF_GROUP: Final = of_organization(occurrences) & equals(_sessions.group_definition_id)
_FROM, _THROUGH = (bindparam(name, type_=_sessions.session_date.type) for name in ("from_date", "through_date"))
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
_CALENDAR: Final = Statement(
    select(*OCCURRENCE_COLUMNS)
    .where(
        _OF_GROUP,
        or_(
            _sessions.session_date.between(_FROM, _THROUGH),
            _sessions.recurrence_date.between(_FROM, _THROUGH),
        ),
    )
    .order_by(_sessions.session_date, _sessions.start_time, _sessions.id)
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


async def load_calendar(work: UnitOfWork, group_id: UUID, from_date: date, through_date: date) -> list[Occurrence]:
    """Return the sessions of a locked group on the days of a window or for them, cancelled ones included, in order.

    A session is for the day of the group's recurrence that it fills, also if it was moved to a day outside.
    """
    values = {"group_definition_id": group_id, "from_date": from_date, "through_date": through_date}
    return [occurrence_record(row) for row in await work.fetch(_CALENDAR, values)]


async def sessions_ahead(work: UnitOfWork, group_id: UUID) -> list[Occurrence]:
    """Return the scheduled sessions of a locked group that have not begun, by local date and time."""
    values = {"group_definition_id": group_id, "from": work.now.date() - timedelta(days=1), "now": work.now}
    return [occurrence_record(row) for row in await work.fetch(_AHEAD, values)]


async def save_sessions(work: UnitOfWork, changes: Sequence[SessionChange]) -> None:
    """Store new and changed sessions of locked groups, with their history and events.

    The number of statements does not depend on the number of sessions. Sessions may exchange their places.
    """
    edited = [change for change in changes if change.before is not None and change.history]
    await _WRITER.update(work, _leave_places(edited))
    await _WRITER.update(work, [change.after for change in edited])
    await _WRITER.insert(work, [change.after for change in changes if change.before is None])
    work.session_changes.extend(changes)
    work.record(
        [entry for change in changes for entry in change.history],
        [event for change in changes for event in change.events],
    )


def _leave_places(edited: Sequence[SessionChange]) -> list[Occurrence]:
    """Return the sessions that must leave their place before another one moves there, as they are in between.

    The databases check the index of live places after each row, not after the statement. A session that is moved away
    waits at a start time with a second, which no other session has.
    """
    targets = {_place(change.after) for change in edited if change.after.status is not OccurrenceStatus.CANCELLED}
    leaving: list[Occurrence] = []
    for before, after in ((change.before, change.after) for change in edited):
        if before is None or before.status is OccurrenceStatus.CANCELLED or _place(before) not in targets:
            continue
        if after.status is OccurrenceStatus.CANCELLED:
            leaving.append(after)
        elif _place(before) != _place(after):
            leaving.append(replace(before, start_time=before.start_time.replace(second=1)))
    return leaving


def _place(session: Occurrence) -> tuple[UUID, date, time]:
    return session.group_definition_id, session.session_date, session.start_time

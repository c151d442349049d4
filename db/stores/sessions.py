"""Writing sessions."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from db.sql.rows import OCCURRENCE_COLUMNS, occurrence_record
from db.tables import occurrences
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Occurrence, OccurrenceStatus


async def find_session(work: UnitOfWork, session_id: UUID) -> Occurrence | None:
    """Return a session of the organization. It is safe to decide on only while its group is locked."""
    row = (
        await work.connection.execute(
            select(*OCCURRENCE_COLUMNS).where(
                occurrences.c.organization_id == work.organization_id, occurrences.c.id == session_id
            )
        )
    ).first()
    return None if row is None else occurrence_record(row)


async def slot_is_taken(work: UnitOfWork, session: Occurrence) -> bool:
    """Return whether another live session of the group starts at the same local time."""
    found = await work.connection.scalar(
        select(occurrences.c.id)
        .where(
            occurrences.c.organization_id == work.organization_id,
            occurrences.c.group_definition_id == session.group_definition_id,
            occurrences.c.session_date == session.session_date,
            occurrences.c.start_time == session.start_time,
            occurrences.c.status != OccurrenceStatus.CANCELLED.value,
            occurrences.c.id != session.id,
        )
        .limit(1)
    )
    return found is not None


async def taken_slots(work: UnitOfWork, group_id: UUID, from_date: date, through_date: date) -> set[tuple[date, time]]:
    """Return the local dates and start times of the group's sessions in the window, the cancelled ones too."""
    rows = await work.connection.execute(
        select(occurrences.c.session_date, occurrences.c.start_time).where(
            occurrences.c.organization_id == work.organization_id,
            occurrences.c.group_definition_id == group_id,
            occurrences.c.session_date.between(from_date, through_date),
        )
    )
    return {(row.session_date, row.start_time) for row in rows}


async def insert_sessions(work: UnitOfWork, sessions: Sequence[Occurrence]) -> None:
    """Store new sessions, all in one statement."""
    if sessions:
        await work.connection.execute(
            insert(occurrences),
            [{**_columns(session), "organization_id": work.organization_id} for session in sessions],
        )


async def update_session(work: UnitOfWork, session: Occurrence) -> None:
    """Store a session whose group is locked already."""
    values = _columns(session)
    del values["id"]
    await work.connection.execute(
        update(occurrences)
        .where(occurrences.c.organization_id == work.organization_id, occurrences.c.id == session.id)
        .values(**values)
    )


def _columns(session: Occurrence) -> dict[str, Any]:
    return {field.name: getattr(session, field.name) for field in fields(session)} | {"status": session.status.value}

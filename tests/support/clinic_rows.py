"""Rows inserted directly into the tables, for tests of queries."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import enrollments, group_definitions, occurrences
from domain.search_text import search_text
from domain.wall_time import instant
from tests.support.clinic import NOW, OURS


async def add_group(engine: Database, name: str, organization: str = OURS, **columns: Any) -> UUID:
    row = {
        "id": uuid7(),
        "organization_id": organization,
        "name": name,
        "group_type": "THERAPY",
        "facilitator_id": "staff-1",
        "time_zone": "America/Phoenix",
        "max_capacity": 2,
        "duration_minutes": 60,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "search_text": search_text(name),
        **columns,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(group_definitions).values(row))
    return UUID(str(row["id"]))


async def add_sessions(
    engine: Database, group: UUID, days: Iterable[date], organization: str = OURS, **columns: Any
) -> list[UUID]:
    rows = [_session(group, day, organization, columns) for day in days]
    async with engine.begin() as connection:
        await connection.execute(insert(occurrences), rows)
    return [row["id"] for row in rows]


async def add_enrollments(
    engine: Database, group: UUID, patients: Iterable[str], organization: str = OURS, **columns: Any
) -> list[UUID]:
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "organization_id": organization,
            "group_definition_id": group,
            "patient_id": patient,
            "status": "ENROLLED",
            "enrolled_at": NOW,
            "version": 1,
            "created_at": NOW,
            "updated_at": NOW,
            **columns,
        }
        for patient in patients
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(enrollments), rows)
    return [row["id"] for row in rows]


def _session(group: UUID, day: date, organization: str, columns: dict[str, Any]) -> dict[str, Any]:
    start = columns.get("start_time", time(9))
    end = columns.get("end_time") or (datetime.combine(day, start) + timedelta(hours=1)).time()
    return {
        "id": uuid7(),
        "organization_id": organization,
        "group_definition_id": group,
        "session_date": day,
        "start_time": start,
        "end_time": end,
        "time_zone": "America/Phoenix",
        "starts_at": instant(day, start, "America/Phoenix"),
        "ends_at": instant(day, end, "America/Phoenix"),
        "facilitator_id": "staff-1",
        "status": "SCHEDULED",
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }

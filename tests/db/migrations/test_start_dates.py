"""Migrating records the start of each earlier enrollment: the local day of the group on which the seat was given."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.tables import audit_log, enrollments, group_definitions, outbox, patients, staff_members
from db.transactions.all_organizations import reading_all
from tests.support.clinic import NOW, OURS
from tests.support.invariants import assert_invariants
from tests.support.old_schema import migrate_to

pytestmark = pytest.mark.anyio

EVENING_IN_PHOENIX = datetime(2026, 11, 21, 3, tzinfo=UTC)
ENTRY = {"organization_id": OURS, "actor_id": "nurse", "correlation_id": "old"}


async def _store(engine: Database, table: Table, row: dict[str, Any]) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(table).values(row))


async def _store_group(engine: Database, time_zone: str) -> UUID:
    facts = {
        "id": uuid7(),
        "name": "A",
        "group_type": "THERAPY",
        "facilitator_id": "staff",
        "time_zone": time_zone,
        "max_capacity": 1,
        "duration_minutes": 60,
    }
    own = {"organization_id": OURS, "version": 1, "created_at": NOW, "updated_at": NOW, "changed_at": NOW}
    await _store(engine, group_definitions, {**facts, **own, "search_text": "a"})
    changes = [{"field": name, "before": None, "after": str(value)} for name, value in facts.items()]
    entry = {"entity_type": "group_definition", "entity_id": facts["id"], "action": "created", "at": NOW}
    await _store(engine, audit_log, {"id": uuid7(), **entry, **ENTRY, "changes": changes})
    return UUID(str(facts["id"]))


async def _enroll(engine: Database, group: UUID, patient: str, at: datetime, **values: Any) -> UUID:
    """Store an enrollment as the last release stored it, with its history and event."""
    facts: dict[str, Any] = {"id": uuid7(), "group_definition_id": group, "patient_id": patient, **values}
    own = {"organization_id": OURS, "version": 1, "created_at": at, "updated_at": at}
    await _store(engine, enrollments, {**facts, **own})
    changes = [
        {"field": name, "before": None, "after": value.isoformat() if isinstance(value, datetime) else str(value)}
        for name, value in facts.items()
    ]
    action = "waitlisted" if facts["status"] == "WAITLISTED" else "enrolled"
    entry = {"entity_type": "enrollment", "entity_id": facts["id"], "action": action, "at": at, "changes": changes}
    await _store(engine, audit_log, {"id": uuid7(), **entry, **ENTRY})
    event_id, name = uuid7(), f"pm_group_patient_{action}"
    envelope = {
        "id": str(event_id),
        "event": name,
        "payload": {"enrollment_id": str(facts["id"]), "group_definition_id": str(group)},
        "metadata": {"organization_id": OURS, "correlation_id": "old"},
    }
    event = {"id": event_id, "group_definition_id": group, "event": name, "created_at": at, "transaction_id": 1}
    await _store(engine, outbox, {"organization_id": OURS, **event, "envelope": envelope})
    return UUID(str(facts["id"]))


async def test_earlier_seats_start_on_the_local_day_they_were_given(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0024")
    of_clinic = {"organization_id": OURS, "active": True, "search_text": "a", "display_name": "A"}
    await _store(engine, staff_members, {**of_clinic, "id": "staff"})
    for patient in ("ann", "bo"):
        await _store(
            engine,
            patients,
            {**of_clinic, "id": patient, "medical_record_number": patient, "search_text": f"a {patient}"},
        )
    phoenix, tokyo = [await _store_group(engine, zone) for zone in ("America/Phoenix", "Asia/Tokyo")]
    seat = {"status": "ENROLLED", "enrolled_at": EVENING_IN_PHOENIX}
    waits = {"status": "WAITLISTED", "waitlist_position": 1, "waitlisted_at": EVENING_IN_PHOENIX}
    starts = {
        await _enroll(engine, phoenix, "ann", EVENING_IN_PHOENIX, **seat): date(2026, 11, 20),
        await _enroll(engine, tokyo, "ann", EVENING_IN_PHOENIX, **seat): date(2026, 11, 21),
        await _enroll(engine, tokyo, "bo", EVENING_IN_PHOENIX, **waits): None,
    }
    await migrate(engine)
    async with reading_all(engine, Role.OPERATOR) as connection:
        rows = (await connection.execute(select(enrollments))).all()
        recorded = (
            await connection.execute(select(audit_log).where(audit_log.c.action == "start_date_recorded"))
        ).all()
    assert {row.id: row.start_date for row in rows} == starts
    assert {(row.version, row.end_date, row.counts_from_start) for row in rows} == {(1, None, False)}
    assert {entry.entity_id: entry.changes for entry in recorded} == {
        id_: [{"field": "start_date", "before": None, "after": day.isoformat()}]
        for id_, day in starts.items()
        if day is not None
    }
    assert {entry.actor_id for entry in recorded} == {"group-sessions migrate"}
    await assert_invariants(engine)
    await engine.dispose()

"""Backups of a clinic with rows in every table, restored into another database."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from uuid_utils.compat import uuid7

from db.backups.backup import write_backup
from db.connections.engine import Database, create_engine
from db.outbox.intake import ingest_events, register_sink
from db.tables import (
    access_log,
    calendar_feeds,
    idempotency_keys,
    idempotency_steps,
    outbox,
    parked_events,
    patients,
    reporting_tokens,
    staff_roles,
)
from tests.support.clinic import NOW, OURS
from tests.support.databases import operator_of
from tests.support.lively_clinic import lively_clinic

SINK = "webhook"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clinic.backup"


@pytest.fixture
async def target(target_database_url: str) -> AsyncIterator[Database]:
    engine = create_engine(target_database_url)
    yield engine
    await engine.dispose()


async def back_up(engine: Database, file: Path) -> dict[str, int]:
    return await write_backup(operator_of(engine), file, "1.0.0", NOW)


async def fill_every_table(engine: Database) -> None:
    """Store rows in every table."""
    await lively_clinic(engine)
    await register_sink(engine, SINK)
    await ingest_events(engine, SINK)
    key: dict[str, Any] = {"organization_id": OURS, "subject": "user-1", "key": "key-1"}
    async with engine.begin() as connection:
        await connection.execute(update(patients).values(birth_date=date(1987, 3, 14)))
        response = {"status": 200, "media_type": "application/json", "body": bytes(range(256))}
        times = {"leased_until": NOW, "expires_at": NOW + timedelta(days=1)}
        rights = {"permissions": ["a"], "patient_ids": ["patient-1"]}
        await connection.execute(
            insert(idempotency_keys), key | response | times | rights | {"fingerprint": b"\x00\xff", "attempt": uuid7()}
        )
        await connection.execute(insert(idempotency_steps), key | {"step": "one", "decision": None})
        await connection.execute(insert(idempotency_steps), key | {"step": "two", "decision": {"ä": [1, None, 2.5]}})
        event = (await connection.execute(select(outbox.c.id, outbox.c.group_definition_id).limit(1))).one()
        parked = {"organization_id": OURS, "sink": SINK, "sequence": 1, "id": event[0], "group_definition_id": event[1]}
        delivery = {"event": "pm_group_created", "tries": 3, "reason": "500", "parked_at": NOW, "again": True}
        await connection.execute(insert(parked_events), parked | delivery)
        reader = {"id": uuid7(), "organization_id": OURS, "at": NOW, "actor_id": "user-1", "correlation_id": "r"}
        await connection.execute(insert(access_log), reader | {"operation": None, "patient_ids": ["patient-1"]})
        role = {"organization_id": OURS, "id": "role-1", "staff_id": "staff-1", "active": True}
        await connection.execute(insert(staff_roles), role | {"ends_on": date(2027, 1, 31)})
        secret = {"id": uuid7(), "organization_id": OURS, "digest": bytes(range(32)), "created_at": NOW}
        token = {"subject": "analyst", "permissions": ["a"], "expires_at": NOW + timedelta(days=1)}
        await connection.execute(insert(reporting_tokens), secret | token)
        feed = {"owner_id": "user-1", "facilitator_id": "staff-1", "rotated_at": NOW}
        await connection.execute(insert(calendar_feeds), secret | feed)


def content_of(file: Path) -> bytes:
    return file.read_bytes()

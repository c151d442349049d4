"""The append-only logs: what changed, and who read which patients' records."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, Table

from db.tables.columns import Id, Instant, Json, metadata, organization_column

audit_log = Table(
    "pm_group_audit_log",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[str]("entity_type", String(40), nullable=False),
    Column[uuid.UUID]("entity_id", Id, nullable=False),
    Column[datetime]("at", Instant, nullable=False),
    Column[str]("actor_id", String(255), nullable=False),
    Column[str]("correlation_id", String(128), nullable=False),
    Column[str]("action", String(60), nullable=False),
    Column[Any]("changes", Json, nullable=False),
    Index("ix_pm_group_audit_log_of_entity", "organization_id", "entity_type", "entity_id", "id"),
)

access_log = Table(
    "pm_group_access_log",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[datetime]("at", Instant, nullable=False),
    Column[str]("actor_id", String(255), nullable=False),
    Column[str]("correlation_id", String(128), nullable=False),
    Column[str | None]("operation", String(255)),
    # One row per request: a report that reads a thousand patients must not write a thousand rows.
    Column[Any]("patient_ids", Json, nullable=False),
    Column[str | None]("client_address", String(45)),
    Index("ix_pm_group_access_log_of_organization", "organization_id", "at", "id"),
)
